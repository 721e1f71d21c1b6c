// The page: it loads networks when they are needed, and shows what colorize.js makes of them.
"use strict";

const element = id => document.getElementById(id), number = id => Number(element(id).value);
// What takes hints, at `side` pixels: scribbles that spread without a network, and a network.
const HINTERS = [{
  name: "hints", title: "Your scribbles", hints: true, side: 128,
  about: "No network: you scribble colors on the gray picture, and they spread to neighbors of similar lightness "
    + "(notebook 08)."}, {
  ...COURSE.hinted, title: "A network with your hints", hints: true, network: true,
  about: `You click colors on the gray picture, and a network paints the rest: it was trained with a few true colors `
    + `at single pixels (notebook 08). It sees the picture at no more than ${COURSE.hinted.side} pixels. Begin `
    + `with a click into each thing.`}];
const DEVIATION = 1e-5;  // Lab units, from the neighbors' mean: then a color is about 0.2 from its end
const state = {};  // photo {title, height, width, rgba, L}, model, outputs, ab, at [row, column], ...

// ------------------------------------------------------------------------------ what is loaded

const scripts = {}, packed = {};

/** Called by the scripts that hold data. */
function received(name, code) {
  packed[name] = code;
}

/** Run a script of this folder, once. */
function run(name) {
  return scripts[name] ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `${name}.js`;
    script.onload = done;
    script.onerror = () => {
      delete scripts[name];
      failed(new Error(`${name}.js could not be loaded`));
    };
    document.head.append(script);
  });
}

/** The bytes in a script of this folder: an ArrayBuffer. */
async function load(name) {
  await run(name);
  const zipped = Uint8Array.from(atob(packed[name]), letter => letter.charCodeAt(0));
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

const once = {};

/** onnxruntime-web, on one thread, so that the page needs no special server. */
function runtime() {
  return once.runtime ??= (async () => {
    if (typeof WebAssembly === "undefined") throw new Error("this browser has no WebAssembly");
    const [, mjs, wasm] = await Promise.all([run("runtime"), load("mjs"), load("wasm")]);
    const address = URL.createObjectURL(new Blob([mjs], {type: "text/javascript"}));
    Object.assign(ort.env.wasm, {numThreads: 1, wasmBinary: wasm, wasmPaths: {mjs: address}});
  })().catch(error => {
    delete once.runtime;
    throw error;
  });
}

async function session(model) {
  await runtime();
  const made = once[model.name] ??= ort.InferenceSession.create(new Uint8Array(await load(model.name)));
  return made.catch(error => {
    delete once[model.name];  // so that it can be tried again
    throw error;
  });
}

/** A Blob as a photograph {title, height, width, rgba, L, words}, scaled down if it is large. */
async function read(blob, title) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    throw new Error(`${title} is no picture that this browser can read`);
  }
  const [height, width] = predictedSize(bitmap.height, bitmap.width, COURSE.shown);
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d", {willReadFrequently: true});
  Object.assign(canvas, {height, width});
  context.fillStyle = "white";  // below transparent parts
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const rgba = context.getImageData(0, 0, width, height).data;
  const words = bitmap.width > width || bitmap.height > height
    ? ` It was scaled down from ${bitmap.width} × ${bitmap.height} to ${width} × ${height} pixels.` : "";
  return {title, height, width, rgba, L: lightnessOf(rgba), words};
}

// ------------------------------------------------------------------------------------ coloring

/** The outputs of a network for a photograph: {planes, size, predicted}. */
async function outputsOf(model, {L, height, width}) {
  const predicted = predictedSize(height, width, COURSE.side);
  const small = predicted[0] === height && predicted[1] === width ? L : shrink(L, [height, width], predicted);
  const input = networkInput(small, predicted, model.multiple);
  const network = await session(model);
  const gray = new ort.Tensor("float32", input.data, [1, 1, input.height, input.width]);
  const {outputs} = await network.run({gray});
  return {...cropped(outputs.data, outputs.dims, predicted, model.cell ?? 1), predicted};
}

/** ab of a photograph at its full size. */
function colors(model, outputs, {height, width}) {
  const ab = decoded(model, outputs, outputs.predicted, temperature());
  return ab.map(plane => enlarge(plane, outputs.predicted, [height, width]));
}

const temperature = () => number("T");
const say = text => { element("state").textContent = text; };
const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));

let queue = Promise.resolve(), latest = 0;

/** Do something slow after all that was asked before; its errors become a sentence. */
function next(task, tell = say) {
  return queue = queue.then(task).catch(error => tell(`That did not work: ${error.message}.`));
}

/** Color the photograph by the chosen colorizer, unless something else is asked in the meantime. */
function colorize() {
  const mine = ++latest;
  if (!state.started) return say("Ready. Press the button, or choose another picture or colorizer.");
  if (state.model.hints) return state.small ? spread() : beginHints();
  say("The network is loaded, and colors ...");
  return next(async () => {
    if (mine !== latest) return;
    const {model, photo} = state;
    await painted();
    await session(model);
    const start = performance.now(), outputs = await outputsOf(model, photo);
    if (mine !== latest) return;
    Object.assign(state, {outputs, ab: colors(model, outputs, photo)});
    draw();
    const seconds = (performance.now() - start) / 1000;
    say(`${photo.title}, colored by: ${model.title}, in ${seconds.toFixed(2)} seconds.${photo.words}`);
  });
}

function show(id, rgba, {height, width}) {
  const canvas = element(id);
  Object.assign(canvas, {height, width});
  canvas.getContext("2d", {willReadFrequently: true}).putImageData(new ImageData(rgba, width, height), 0, 0);
}

/** The pictures that depend on the colors, and the answer of the pixel. */
function draw() {
  show("colored", picture(state.photo.L, state.ab), state.photo);
  drawBoosted();
  answer();
}

function drawBoosted() {
  const factor = number("boost");
  element("boost-value").textContent = factor.toFixed(2)
    + (factor === COURSE.boost ? ", which gives the U-Net the chroma of true photographs" : "");
  if (state.ab) show("boosted", picture(state.photo.L, state.ab, factor), state.photo);
}

// ------------------------------------------------------------------------------- asking a pixel

const LIMIT = 110;  // of the plane, Lab units

function answer() {
  const {photo, model, ab, outputs, at: [row, column]} = state;
  element("marker").style.left = `${100 * (column + 0.5) / photo.width}%`;
  element("marker").style.top = `${100 * (row + 0.5) / photo.height}%`;
  if (!ab) return;
  const i = row * photo.width + column, color = ab.map(plane => Math.round(plane[i]));
  let words = `Row ${row}, column ${column}: lightness ${Math.round(photo.L[i])}, painted a = ${color[0]}, `
    + `b = ${color[1]}.`, bins = [], p = [];
  if (model.bins) {
    const scale = outputs.size.map((length, k) => length / [photo.height, photo.width][k]);
    const place = Math.floor(row * scale[0]) * outputs.size[1] + Math.floor(column * scale[1]);
    [bins, p] = [model.bins, distribution(outputs.planes, place, temperature())];
    const best = p.map((one, q) => [one, bins[q]]).sort((one, other) => other[0] - one[0]).slice(0, 3);
    words += " Most probable: " + best.map(([one, [a, b]]) =>
      `a = ${a}, b = ${b} with ${(100 * one).toFixed(1)} %`).join("; ") + ".";
  } else {
    words += model.hints && !model.network ? " Its neighbors' colors decide."
      : " This network predicts one color, and no distribution.";
  }
  element("answer").textContent = words;
  drawPlane(bins, p, color);
}

function drawPlane(bins, p, color) {
  const context = element("plane").getContext("2d"), top = Math.max(...p);
  const at = ([a, b]) => [128 + a * 128 / LIMIT, 128 - b * 128 / LIMIT];
  context.fillStyle = "white";
  context.fillRect(0, 0, 256, 256);
  context.fillStyle = "#ccc";
  context.fillRect(0, 127.5, 256, 1);
  context.fillRect(127.5, 0, 1, 256);
  bins.forEach((bin, q) => {
    const [x, y] = at(bin), wide = 12 * Math.sqrt(p[q] / top);
    context.fillStyle = css(shownLight(65, ...bin));
    context.fillRect(x - wide / 2, y - wide / 2, wide, wide);
  });
  context.fillStyle = "black";
  context.font = "bold 18px sans-serif";
  context.textAlign = "center";
  for (const [sign, x, y] of [["✕", ...at(color)], ["a", 246, 116], ["b", 138, 10]]) context.fillText(sign, x, y + 6);
}

const css = light => `rgb(${light.map(v => Math.round(Math.min(255, Math.max(0, encoded(v)))))})`;

/** Choose a pixel, within the picture. */
function choose(row, column) {
  const within = (v, end) => Math.min(end - 1, Math.max(0, Math.floor(v)));
  state.at = [within(row, state.photo.height), within(column, state.photo.width)];
  if (state.line) extend();
  answer();
}

function pixelAt(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const across = (event.clientX - box.left) / box.width, down = (event.clientY - box.top) / box.height;
  return [down * canvas.height, across * canvas.width];
}

const MOVES = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

function onKey(event) {
  if (!state.photo) return;
  if (event.key === " " && state.model.hints) {
    if (state.line) state.line = false; else beginLine();
  } else if (event.key in MOVES) {
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(Math.max(state.photo.height, state.photo.width) / 64));
    choose(...MOVES[event.key].map((way, k) => state.at[k] + way * step));
  } else {
    return;
  }
  event.preventDefault();
}

function onPointer(event) {
  if (!event.buttons || !state.photo) return;
  const pressed = event.type === "pointerdown";
  if (state.model.hints && pressed) {
    element("ask").setPointerCapture(event.pointerId);
    state.at = pixelAt(element("gray"), event).map(Math.floor);
    beginLine();
  }
  if (pressed || state.line) choose(...pixelAt(element("gray"), event));
}

// --------------------------------------------------------------------------------------- hints

function beginHints() {
  const {photo, model} = state, size = predictedSize(photo.height, photo.width, model.side);
  const full = [photo.height, photo.width];
  const L = size[0] === full[0] && size[1] === full[1] ? photo.L : shrink(photo.L, full, size);
  const small = {size, L, ab: [0, 1].map(() => new Float64Array(L.length))};
  if (!model.network) small.near = listening(L, size);
  Object.assign(state, {small, scribbles: [], line: false, outputs: null});
  spread();
}

function beginLine() {
  if (!state.small) return;
  // The network was trained with single pixels, and gets them: the pixels on the line.
  const radius = state.model.network ? 0.5 : number("width");
  state.scribbles.push({color: [number("a"), number("b")], radius, places: []});
  state.line = true;
  extend();
}

function extend() {
  const {at: [row, column], photo, small, model} = state, {places} = state.scribbles.at(-1);
  const scales = [small.size[1] / photo.width, small.size[0] / photo.height];
  let place = [column, row].map((at, k) => (at + 0.5) * scales[k] - 0.5);
  if (model.network) place = place.map((at, k) => Math.min(small.size[1 - k] - 1, Math.max(0, Math.round(at))));
  if (places.length && place.every((at, k) => at === places.at(-1)[k])) return;
  places.push(place);
  spread();
}

/** Go on with these scribbles only. */
function forget(scribbles) {
  if (!state.small) return;
  Object.assign(state, {scribbles, line: false});
  spread();
}

/** Mark what the scribbles cover, and let their colors flow. */
function spread() {
  const {small, scribbles} = state;
  small.known = covered(scribbles, small.size);
  small.known.forEach((one, i) => {
    if (one) small.ab.forEach((plane, k) => { plane[i] = scribbles[one - 1].color[k]; });
  });
  if (state.model.network) return askNetwork();
  if (!scribbles.length) small.ab.forEach(plane => plane.fill(0));
  small.steps = scribbles.length ? small.ab.map(plane => spreading(plane, small.known, small.near)) : [];
  if (!small.flows) flow(small);
}

/** Let the network paint what the hints leave; if there are new ones in the meantime, those. */
function askNetwork() {
  const mine = ++latest, {small, model, photo, scribbles} = state;
  drawScribbles();
  if (!state.ab) say("The network is loaded, and colors ...");
  return next(async () => {
    if (mine !== latest) return;
    const network = await session(model);
    const {gray, hints} = hintedInputs(small, model, small.known.map(one => one > 0));
    const size = [gray.height, gray.width];
    const {outputs} = await network.run({gray: new ort.Tensor("float32", gray.data, [1, 1, ...size]),
                                         hints: new ort.Tensor("float32", hints, [1, 3, ...size])});
    if (mine !== latest) return;
    const ab = decoded(model, cropped(outputs.data, outputs.dims, small.size, 1), small.size);
    small.known.forEach((one, i) => {
      if (one) ab.forEach((plane, k) => { plane[i] = scribbles[one - 1].color[k]; });  // a hint is kept
    });
    state.ab = ab.map(plane => enlarge(plane, small.size, [photo.height, photo.width]));
    draw();
    const count = small.known.reduce((sum, one) => sum + (one > 0), 0);
    say(count ? `Painted with ${count} hinted ${count === 1 ? "pixel" : "pixels"} of ${small.L.length}.`
      : "Painted without a hint. Click a color on the gray picture.");
  });
}

/** Some steps of both planes, the pictures, and so on until nothing moves. */
function flow(small) {
  if (small !== state.small) return;  // there is another photograph
  for (const end = performance.now() + 300; small.steps.length && performance.now() < end;)
    small.steps = small.steps.filter(step => step.next().value > DEVIATION);
  const {photo} = state;
  state.ab = small.ab.map(plane => enlarge(plane, small.size, [photo.height, photo.width]));
  small.flows = small.steps.length > 0;
  drawScribbles();
  if (small.flows) show("colored", picture(photo.L, state.ab), photo); else draw();
  say(small.flows ? "The colors flow ..." : state.scribbles.length ? "Nothing moves any more."
    : "Scribble on the gray picture.");
  if (small.flows) requestAnimationFrame(() => flow(small));
}

/** The gray picture with the scribbles on it, at a lightness of 65. */
function drawScribbles() {
  const {photo, small, scribbles} = state, [rows, columns] = small.size;
  const L = Float64Array.from(photo.L), ab = [0, 1].map(() => new Float64Array(L.length));
  for (let i = 0; i < L.length; i++) {
    const row = Math.floor(Math.floor(i / photo.width) * rows / photo.height);
    const one = small.known[row * columns + Math.floor(i % photo.width * columns / photo.width)];
    if (one) [L[i], ab[0][i], ab[1][i]] = [65, ...scribbles[one - 1].color];
  }
  show("gray", picture(L, ab), photo);
}

function drawPalette() {
  const context = element("palette").getContext("2d"), map = new ImageData(221, 221);
  for (let i = 0; i < 221 * 221; i++) {
    const light = linearOf(65, i % 221 - 110, 110 - Math.floor(i / 221));
    map.data.set(inGamut(light) ? [...light.map(encoded), 255] : [235, 235, 235, 255], 4 * i);
  }
  context.putImageData(map, 0, 0);
  context.beginPath();
  context.arc(number("a") + 110, 110 - number("b"), 6, 0, 7);
  context.stroke();
}

function onPalette(event) {
  if (!event.buttons) return;
  const [row, column] = pixelAt(element("palette"), event);
  takeColor([column - 110, 110 - row]);
}

/** Take the photograph's color at a pixel, within the picture, for the brush. */
function takeTrue([row, column]) {
  if (!state.photo || !state.model.hints) return;
  const {height, width, rgba} = state.photo, within = (v, end) => Math.min(end - 1, Math.max(0, Math.floor(v)));
  const i = 4 * (within(row, height) * width + within(column, width));
  takeColor(abOf([...rgba.subarray(i, i + 3)]));
}

function takeColor(ab) {
  ["a", "b"].forEach((id, k) => { element(id).value = Math.round(ab[k]); });
  drawPalette();
}

// --------------------------------------------------------------------------------- Turing test

function beginTest() {
  if (state.model.hints) {
    return void (element("turing-state").textContent = "First choose a network above that needs no hints.");
  }
  const draws = Array.from({length: COURSE.pairs}, Math.random), order = [...draws.keys()];
  state.test = {model: state.model, order: order.sort((m, n) => draws[m] - draws[n]), fooled: 0, asked: 0};
  element("pair").hidden = false;
  element("start").textContent = "Begin again";
  ask();
  element("choose-left").focus();
}

/** Show the next pair, or after the last one the result. */
function ask() {
  const {test} = state, {asked, order, model} = test;
  test.truth = null;
  if (asked === order.length) {
    element("pair").hidden = true;
    element("turing-state").textContent = `Thank you! In ${test.fooled} of ${asked} pairs you took the colors of the `
      + `colorizer (${model.title}) for the true ones. Somebody who guesses takes them in half of the pairs.`;
    return;
  }
  element("turing-state").textContent = `Pair ${asked + 1} of ${order.length} is made ...`;
  next(async () => {
    const name = `pair-${order[asked]}`, photo = await read(new Blob([await load(name)]), name);
    const made = picture(photo.L, colors(model, await outputsOf(model, photo), photo));
    if (test !== state.test) return;
    const truth = Math.random() < 0.5 ? "left" : "right";
    show("left", truth === "left" ? photo.rgba : made, photo);
    show("right", truth === "right" ? photo.rgba : made, photo);
    test.truth = truth;
    element("turing-state").textContent = `Pair ${asked + 1} of ${order.length}`;
  }, text => { element("turing-state").textContent = text; });
}

function judge(side) {
  const {test} = state;
  if (!test?.truth) return;
  test.fooled += side !== test.truth;
  test.asked++;
  ask();
}

// ----------------------------------------------------------------------------- choices, at first

function take(blob, title) {
  return next(async () => {
    const photo = await read(blob, title);
    const middle = [photo.height, photo.width].map(length => Math.floor(length / 2));
    Object.assign(state, {photo, ab: null, outputs: null, at: middle, line: false, small: null});
    show("true", Uint8ClampedArray.from(photo.rgba), photo);
    drawGray();
    colorize();
  });
}

function drawGray() {
  const none = new Float64Array(state.photo.L.length);
  for (const id of ["gray", "colored", "boosted"]) show(id, picture(state.photo.L, [none, none]), state.photo);
  answer();
}

function takeOwn(file) {
  if (!file) return;
  element("own")?.remove();
  const option = Object.assign(new Option(file.name, "own", true, true), {id: "own", file});
  element("photo").append(option);
  take(file, file.name);
}

function takePhoto() {
  const [chosen] = element("photo").selectedOptions;
  if (chosen.file) return take(chosen.file, chosen.text);
  return next(async () => new Blob([await load(chosen.value)])).then(blob => blob && take(blob, chosen.text));
}

const KEYS = {
  network: "Choose a pixel by a click, or go to the gray picture and use the arrow keys; with Shift they go one pixel.",
  hints: "Draw on the gray picture with the mouse or a finger. By keyboard: arrow keys move the brush (with Shift by "
    + "one pixel), the space bar begins a line and ends it.",
  clicks: "Click into the gray picture. By keyboard: arrow keys move the brush (with Shift by one pixel), and two "
    + "presses of the space bar give a hint; an arrow key between them draws a line of hints."};

function chooseModel(model) {
  Object.assign(state, {model, ab: null, outputs: null, line: false, small: null});
  element("about").textContent = model.about;
  element("temperature").hidden = !model.bins;
  element("brush").hidden = !model.hints;
  element("width-words").hidden = Boolean(model.network);
  element("ask").style.touchAction = model.hints ? "none" : "auto";  // where a finger draws, it does not scroll
  element("keys").textContent = KEYS[model.network ? "clicks" : model.hints ? "hints" : "network"];
  element("gray-words").textContent = !model.hints ? "Gray: what the network gets"
    : model.network ? "Gray: click colors in here" : "Gray: scribble here";
  element("true-words").textContent = "The photograph" + (model.hints ? ": a click takes its color for the brush" : "");
  element("answer").textContent = "";
  element("colored-words").textContent = `Colored by: ${model.title}`;
  if (model.bins) element("T").value = model.T;
  showTemperature();
  if (!state.photo) return;
  drawGray();
  colorize();
}

function showTemperature() {
  element("T-value").textContent = temperature().toFixed(2);
}

function onTemperature() {
  showTemperature();
  if (!state.outputs) return;
  state.ab = colors(state.model, state.outputs, state.photo);
  draw();
}

function prepare() {
  const starts = act => (...given) => {
    state.started = true;  // only now, so that somebody who looks on loads no network
    return act(...given);
  };
  for (const {name, title} of COURSE.photos) element("photo").append(new Option(title, name));
  [...COURSE.models, ...HINTERS].forEach((model, n) => {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, {type: "radio", name: "colorizer", value: model.name, checked: n === 0});
    input.onchange = starts(() => chooseModel(model));
    label.append(input, ` ${model.title}`);
    element("colorizers").append(label);
  });
  element("boost").value = COURSE.boost;
  chooseModel(COURSE.models[0]);
  takePhoto();
  drawPalette();
  element("go").onclick = starts(colorize);
  element("photo").onchange = starts(takePhoto);
  element("file").onchange = starts(() => takeOwn(element("file").files[0]));
  element("T").oninput = onTemperature;
  element("boost").oninput = drawBoosted;
  for (const id of ["a", "b"]) element(id).oninput = drawPalette;
  element("palette").onpointerdown = element("palette").onpointermove = onPalette;
  element("true").onclick = event => takeTrue(pixelAt(element("true"), event));
  element("take").onclick = () => takeTrue(state.at);
  element("ask").onkeydown = onKey;
  element("ask").onpointerdown = element("ask").onpointermove = onPointer;
  element("ask").onpointerup = element("ask").onpointercancel = () => { state.line = false; };
  element("colored").onclick = event => {
    state.line = false;
    choose(...pixelAt(element("colored"), event));
  };
  element("ask").onblur = () => { state.line = false; };
  element("forget").onclick = () => forget(state.scribbles.slice(0, -1));
  element("clear").onclick = () => forget([]);
  element("start").onclick = beginTest;
  for (const side of ["left", "right"]) element(`choose-${side}`).onclick = () => judge(side);
  element("pair").onkeydown = event => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") judge(event.key.slice(5).toLowerCase());
  };
  document.ondragover = event => { event.preventDefault(); element("main").classList.add("over"); };
  document.ondragleave = () => element("main").classList.remove("over");
  document.ondrop = starts(event => {
    event.preventDefault();
    element("main").classList.remove("over");
    takeOwn(event.dataTransfer.files[0]);
  });
}

prepare();
