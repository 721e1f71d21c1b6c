// Colors from a few hints, as in notebook 08: without a network, as colorlib.scribbles has it; and what
// a network that takes hints is given, as by colorlib.hints.
"use strict";

/**
 * The inputs of a network that takes hints: gray {data, height, width}, and three planes, ab in the
 * numbers of its target and the mask. Beyond the picture there are no hints.
 */
function hintedInputs({L, size, ab}, {multiple, scale}, mask) {
  const gray = networkInput(L, size, multiple), pixels = gray.height * gray.width;
  const hints = new Float32Array(3 * pixels);
  mask.forEach((given, i) => {
    if (!given) return;
    const place = Math.floor(i / size[1]) * gray.width + i % size[1];
    hints.set([ab[0][i] / scale], place);
    hints.set([ab[1][i] / scale], pixels + place);
    hints.set([1], 2 * pixels + place);
  });
  return {gray, hints};
}

/** How much each pixel listens to its neighbors: {near, weight}, eight places for each pixel. */
function listening(L, [height, width]) {
  const near = new Int32Array(8 * L.length), weight = new Float64Array(8 * L.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x, here = L[i] / 100, around = [], values = [here];
      for (let v = Math.max(0, y - 1); v < Math.min(height, y + 2); v++)
        for (let u = Math.max(0, x - 1); u < Math.min(width, x + 2); u++)
          if (u !== x || v !== y) {
            around.push(v * width + u);
            values.push(L[v * width + u] / 100);
          }
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const spread = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
      const squared = around.map(j => (L[j] / 100 - here) ** 2);
      const variance = Math.max(0.6 * spread, Math.min(...squared) / -Math.log(0.01), 2e-6);
      const similar = squared.map(d => Math.exp(-d / variance));
      const sum = similar.reduce((total, one) => total + one, 0);
      near.set(around, 8 * i);  // at the border fewer: the other weights stay 0
      weight.set(similar.map(one => one / sum), 8 * i);
    }
  return {near, weight};
}

/** Which scribble covers each pixel: 0 for none, else its number from 1 on; the later one counts. */
function covered(scribbles, [height, width]) {
  const number = new Uint16Array(height * width);
  scribbles.forEach(({radius, places}, n) => places.forEach(([x1, y1], k) => {
    const [x0, y0] = places[Math.max(0, k - 1)], length = Math.max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        // The point of this piece of the line that is nearest to the pixel
        const along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, share = Math.min(1, Math.max(0, along));
        const distance = (x - x0 - share * (x1 - x0)) ** 2 + (y - y0 - share * (y1 - y0)) ** 2;
        if (distance <= radius ** 2) number[y * width + x] = n + 1;
      }
  }));
  return number;
}

/**
 * Solve, in place, that each free pixel of a plane has the weighted mean of its neighbors; yields the
 * largest deviation from that after each step. BiCGSTAB (van der Vorst 1992), preconditioned by a
 * forward and a backward sweep of Gauss and Seidel, which alone would need many thousands of sweeps.
 */
function* spreading(plane, known, {near, weight}) {
  const count = plane.length;
  const dot = (one, other) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += one[i] * other[i];
    return sum;
  };
  const sum = (one, share, other) => {  // one + share * other, as a new plane
    const result = new Float64Array(count);
    for (let i = 0; i < count; i++) result[i] = one[i] + share * other[i];
    return result;
  };
  const deviation = v => {  // of each free pixel from its neighbors' mean
    const result = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      if (known[i]) continue;
      result[i] = v[i];
      for (let j = 8 * i; j < 8 * i + 8; j++) result[i] -= weight[j] * v[near[j]];
    }
    return result;
  };
  const sweeps = v => {  // about the plane whose deviation is v
    const result = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      if (known[i]) continue;
      result[i] = v[i];
      for (let j = 8 * i; j < 8 * i + 8; j++) if (near[j] < i) result[i] += weight[j] * result[near[j]];
    }
    for (let i = count - 1; i >= 0; i--) {
      if (known[i]) continue;
      for (let j = 8 * i; j < 8 * i + 8; j++) if (near[j] > i) result[i] += weight[j] * result[near[j]];
    }
    return result;
  };
  let rest = sum(new Float64Array(count), -1, deviation(plane)), along = rest, rho = dot(rest, rest);
  const shadow = rest;
  for (;;) {
    const step = sweeps(along), image = deviation(step), alpha = rho / dot(shadow, image);
    const left = sum(rest, -alpha, image), more = sweeps(left), change = deviation(more);
    const omega = dot(change, left) / dot(change, change);
    if (!Number.isFinite(alpha)) return;  // nothing is left to solve
    if (!Number.isFinite(omega)) {  // the first half of the step was exact
      plane.set(sum(plane, alpha, step));
      return;
    }
    plane.set(sum(sum(plane, alpha, step), omega, more));
    rest = sum(left, -omega, change);
    const next = dot(shadow, rest);
    along = sum(rest, next / rho * alpha / omega, sum(along, -omega, image));
    rho = next;
    yield rest.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  }
}
