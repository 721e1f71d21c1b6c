// Colors from a few scribbles without a network, as in notebook 08: colorlib.scribbles.
"use strict";

/** How much each pixel listens to its neighbors: {near, weight}, a list each for every pixel. */
function listening(L, [height, width]) {
  const near = [], weight = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const here = L[y * width + x] / 100, around = [], values = [here];
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
      near.push(around);
      weight.push(similar.map(one => one / sum));
    }
  return {near, weight};
}

/** Which scribble covers each pixel: 0 for none, else its number from 1 on; the later one counts. */
function covered(scribbles, [height, width]) {
  const number = new Uint16Array(height * width);
  scribbles.forEach(({radius, places}, n) => places.forEach(([x1, y1], k) => {
    const [x0, y0] = places[Math.max(0, k - 1)];
    const steps = 1 + Math.ceil(2 * Math.hypot(x1 - x0, y1 - y0));
    for (let step = 0; step <= steps; step++) {
      const cx = x0 + (x1 - x0) * step / steps, cy = y0 + (y1 - y0) * step / steps;
      for (let y = Math.max(0, Math.ceil(cy - radius)); y <= Math.min(height - 1, cy + radius); y++)
        for (let x = Math.max(0, Math.ceil(cx - radius)); x <= Math.min(width - 1, cx + radius); x++)
          if ((x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2) number[y * width + x] = n + 1;
    }
  }));
  return number;
}

/** Each free pixel takes the mean of its neighbors, and a bit more; the largest change, Lab units. */
function sweep(ab, known, {near, weight}, forward) {
  let most = 0;
  for (let n = 0; n < known.length; n++) {
    const i = forward ? n : known.length - 1 - n;
    if (known[i]) continue;
    for (const plane of ab) {
      let mean = 0;
      for (let j = 0; j < near[i].length; j++) mean += weight[i][j] * plane[near[i][j]];
      const change = 1.6 * (mean - plane[i]);
      plane[i] += change;
      most = Math.max(most, Math.abs(change));
    }
  }
  return most;
}
