// What colorlib does around a network, in JavaScript: the same formulas and constants, which come
// from colorlib by COURSE (course.js). A plane is a Float64Array of height * width numbers, row by row.
"use strict";

const EPSILON = 216 / 24389, KAPPA = 24389 / 27, GAMMA_START = 0.04045;
const LINEAR = Float64Array.from({length: 256}, (_, byte) => {
  const v = byte / 255;
  return v <= GAMMA_START ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});

/** Lightness of RGBA bytes: a plane, 0...100. colorlib.color.lightness */
function lightnessOf(rgba) {
  const [fromRed, , fromBlue] = COURSE.toRelative[1], L = new Float64Array(rgba.length / 4);
  for (let i = 0; i < L.length; i++) {
    const [red, green, blue] = [0, 1, 2].map(channel => LINEAR[rgba[4 * i + channel]]);
    const y = green + fromRed * (red - green) + fromBlue * (blue - green);
    L[i] = y > EPSILON ? 116 * Math.cbrt(y) - 16 : KAPPA * y;
  }
  return L;
}

/** a and b of red, green and blue (bytes). colorlib.color.rgb_to_lab */
function abOf(rgb) {
  const light = rgb.map(byte => LINEAR[byte]);
  const [x, y, z] = COURSE.toRelative.map(row => {
    const relative = row.reduce((sum, share, channel) => sum + share * light[channel], 0);
    return relative > EPSILON ? Math.cbrt(relative) : (KAPPA * relative + 16) / 116;
  });
  return [500 * (x - y), 200 * (y - z)];
}

const [[RED_X, , RED_Z], [GREEN_X, , GREEN_Z], [BLUE_X, , BLUE_Z]] = COURSE.fromRelative;
// What `color.in_gamut` accepts, in linear light: sRGB values from -1e-4 to 1 + 1e-4.
const LOWEST = -1e-4 / 12.92, HIGHEST = ((1 + 1e-4 + 0.055) / 1.055) ** 2.4;

/** Red, green and blue of a Lab color in linear light, not clipped. */
function linearOf(L, a, b) {
  const f = (L + 16) / 116, y = curve(f), x = curve(f + a / 500) - y, z = curve(f - b / 200) - y;
  return [y + RED_X * x + RED_Z * z, y + GREEN_X * x + GREEN_Z * z, y + BLUE_X * x + BLUE_Z * z];
}

function curve(f) {
  return f > 6 / 29 ? f * f * f : EPSILON + (116 / KAPPA) * (f - 6 / 29);
}

function inGamut([red, green, blue]) {
  return Math.min(red, green, blue) >= LOWEST && Math.max(red, green, blue) <= HIGHEST;
}

/** sRGB of linear light, 0...255. */
function encoded(v) {
  return 255 * (v <= GAMMA_START / 12.92 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
}

/** The linear light of a pixel, which loses chroma until a screen can show it. color.into_gamut */
function shownLight(L, a, b) {
  const light = linearOf(L, a, b);
  if (inGamut(light)) return light;
  if (L < 0.01 || L > 99.995) return linearOf(L, 0, 0);
  let low = 0, high = Math.min(1, 140 / Math.hypot(a, b));
  for (let step = 0; step < 12; step++) {
    const share = (low + high) / 2;
    if (inGamut(linearOf(L, share * a, share * b))) low = share; else high = share;
  }
  return linearOf(L, low * a, low * b);
}

/** RGBA bytes of lightness and ab (planes), ab times `factor`. colorlib.colorizer.picture */
function picture(L, ab, factor = 1) {
  const rgba = new Uint8ClampedArray(4 * L.length).fill(255);  // rounds and clips
  for (let i = 0; i < L.length; i++) {
    const light = shownLight(L[i], factor * ab[0][i], factor * ab[1][i]);
    for (let channel = 0; channel < 3; channel++) rgba[4 * i + channel] = encoded(light[channel]);
  }
  return rgba;
}

/** Height and width at which color is predicted: at most `side`. colorlib.colorizer.colorize */
function predictedSize(height, width, side) {
  const scale = Math.min(1, side / Math.max(height, width));
  return [height, width].map(length => {
    const rounded = Math.round(length * scale), half = Math.abs(length * scale % 1) === 0.5;
    return Math.max(1, half && rounded % 2 ? rounded - 1 : rounded);  // as Python rounds
  });
}

/** A smaller copy of a plane, antialiased. torch's interpolate(mode="bilinear", antialias=True) */
function shrink(plane, [height, width], [newHeight, newWidth]) {
  const narrow = resampled(plane, width, weightsOf(width, newWidth));
  const columns = transposed(narrow, [height, newWidth]);
  return transposed(resampled(columns, height, weightsOf(height, newHeight)), [newWidth, newHeight]);
}

function transposed(plane, [height, width]) {
  return Float64Array.from(plane, (_, i) => plane[i % height * width + Math.floor(i / height)]);
}

/** For each new place the first old one that counts, and the weights from there on. */
function weightsOf(length, newLength) {
  const scale = length / newLength, found = [];
  for (let i = 0; i < newLength; i++) {
    const center = scale * (i + 0.5), first = Math.max(0, Math.floor(center - scale + 0.5));
    const end = Math.min(length, Math.floor(center + scale + 0.5)), weights = [];
    for (let j = first; j < end; j++)
      weights.push(Math.max(0, 1 - Math.abs((j - center + 0.5) / scale)));
    const sum = weights.reduce((total, one) => total + one, 0);
    found.push([first, weights.map(one => one / sum)]);
  }
  return found;
}

/** A plane whose rows of `width` numbers become sums with these weights. */
function resampled(plane, width, weights) {
  const rows = plane.length / width, result = new Float64Array(rows * weights.length);
  for (let y = 0; y < rows; y++)
    weights.forEach(([first, shares], i) => {
      for (let j = 0; j < shares.length; j++)
        result[y * weights.length + i] += shares[j] * plane[y * width + first + j];
    });
  return result;
}

/** A larger copy of a plane, bilinear; `ratio` is old over new, where it differs from the sizes. */
function enlarge(plane, [height, width], [newHeight, newWidth], ratio = null) {
  if (height === newHeight && width === newWidth) return plane;
  const places = (length, newLength) => Array.from({length: newLength}, (_, i) => {
    const at = Math.min(length - 1, Math.max(0, (i + 0.5) * (ratio ?? length / newLength) - 0.5));
    const before = Math.floor(at);
    return [before, Math.min(length - 1, before + 1), at - before];
  });
  const columns = places(width, newWidth), result = new Float64Array(newHeight * newWidth);
  places(height, newHeight).forEach(([above, below, down], y) => columns.forEach(
    ([left, right, aside], x) => {
      const mix = row => plane[row * width + left] * (1 - aside) + plane[row * width + right] * aside;
      result[y * newWidth + x] = mix(above) * (1 - down) + mix(below) * down;
    }));
  return result;
}

/** The network's input, -1...1, padded by its last row and column: {data, height, width}. */
function networkInput(L, [height, width], multiple) {
  const up = length => Math.ceil(length / multiple) * multiple;
  const padded = {height: up(height), width: up(width)};
  padded.data = new Float32Array(padded.height * padded.width);
  for (let y = 0; y < padded.height; y++)
    for (let x = 0; x < padded.width; x++)
      padded.data[y * padded.width + x] =
        L[Math.min(y, height - 1) * width + Math.min(x, width - 1)] / 50 - 1;
  return padded;
}

/** The part of the outputs that belongs to the picture: {planes, size}; C planes h w -> h' w'. */
function cropped(data, [, channels, rows, columns], [height, width], cell) {
  const size = [Math.ceil(height / cell), Math.ceil(width / cell)];
  const planes = Array.from({length: channels}, (_, c) => {
    const plane = new Float32Array(size[0] * size[1]);
    for (let y = 0; y < size[0]; y++) {
      const start = (c * rows + y) * columns;
      plane.set(data.subarray(start, start + size[1]), y * size[1]);
    }
    return plane;
  });
  return {planes, size};
}

/** Logits (Q planes) -> ab (two planes) at temperature T. color_bins.AbBins.annealed_mean */
function annealedMean(logits, bins, T) {
  const count = logits[0].length, top = new Float64Array(count).fill(-Infinity);
  const total = new Float64Array(count), ab = [new Float64Array(count), new Float64Array(count)];
  for (const plane of logits)
    for (let i = 0; i < count; i++) if (plane[i] > top[i]) top[i] = plane[i];
  logits.forEach((plane, q) => {
    const [a, b] = bins[q];
    for (let i = 0; i < count; i++) {
      const p = Math.exp((plane[i] - top[i]) / T);
      total[i] += p;
      ab[0][i] += a * p;
      ab[1][i] += b * p;
    }
  });
  for (const plane of ab) for (let i = 0; i < count; i++) plane[i] /= total[i];
  return ab;
}

/** The distribution of one place: probabilities of the Q bins at temperature T. */
function distribution(logits, place, T) {
  const values = logits.map(plane => plane[place] / T), top = Math.max(...values);
  const p = values.map(v => Math.exp(v - top)), sum = p.reduce((total, one) => total + one, 0);
  return p.map(one => one / sum);
}

/** ab (two planes) of a network's outputs, at `size`; T for classifiers. */
function decoded(model, {planes, size: small}, size, T) {
  if (!model.bins) return planes.map(plane => Float64Array.from(plane, v => v * model.scale));
  return annealedMean(planes, model.bins, T).map(plane => enlarge(plane, small, size, 1 / model.cell));
}
