// The two canvases: the photo below, the parts in their colours above it.

/** Longest side that is drawn; larger photos are shown smaller and hit-tested at their own size. */
const MAX_SIDE = 1600;
const LIT = 0.25;
const FADED = 0.25;
const EDGE = 0xffffffff;

export class View {
  #photo;
  #layer;
  #mask = null;
  #indices = null;
  #waiting = 0;
  #state = { opacity: 0.6, lit: null, isSolid: false };

  constructor(photo, layer) {
    this.#photo = photo;
    this.#layer = layer;
  }

  /** Draw a photo without parts. */
  show(picture) {
    const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
    const sides = [picture.width, picture.height];
    const size = sides.map((side) => Math.max(1, Math.round(side * scale)));
    for (const canvas of [this.#photo, this.#layer]) [canvas.width, canvas.height] = size;
    const context = this.#photo.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, ...size);
    this.#mask = null;
  }

  /** Lay parts over the photo. */
  lay(mask) {
    this.#mask = mask;
    this.#indices = mask.scaled(this.#layer.width, this.#layer.height);
    this.#paintSoon();
  }

  /** `opacity` 0 to 1, `lit` a class index or null, `isSolid` draws the mask as it is saved. */
  set(state) {
    Object.assign(this.#state, state);
    this.#paintSoon();
  }

  /** However many changes come between two frames, one picture is drawn. */
  #paintSoon() {
    this.#waiting ||= requestAnimationFrame(() => {
      this.#waiting = 0;
      if (this.#mask !== null) this.#paint();
    });
  }

  #paint() {
    const { width, height } = this.#layer;
    const context = this.#layer.getContext("2d");
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colors = this.#colors();
    for (let at = 0; at < pixels.length; at++) pixels[at] = colors[this.#indices[at]];
    if (this.#state.lit !== null) outline(pixels, this.#indices, this.#state.lit, width);
    context.putImageData(image, 0, 0);
  }

  /** Red, green, blue and alpha of every class index, as the bytes of one number. */
  #colors() {
    const { opacity, lit, isSolid } = this.#state;
    const bytes = new Uint8ClampedArray(4 * 256);
    for (let index = 0; index < 256; index++) {
      const weight = isSolid ? 1 : alpha(index, lit, opacity);
      bytes.set([...this.#mask.color(index), 255 * weight], 4 * index);
    }
    if (!isSolid) bytes[3] = 0;
    return new Uint32Array(bytes.buffer);
  }
}

function alpha(index, lit, opacity) {
  if (lit === null) return opacity;
  return index === lit ? Math.min(1, opacity + LIT) : opacity * FADED;
}

function outline(pixels, indices, lit, width) {
  for (let at = 0; at < pixels.length; at++) {
    if (indices[at] !== lit) continue;
    const isInside =
      indices[at - 1] === lit && indices[at + 1] === lit &&
      indices[at - width] === lit && indices[at + width] === lit;
    if (!isInside) pixels[at] = EDGE;
  }
}
