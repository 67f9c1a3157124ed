// A label map: which class every pixel shows, at the photo's own size.

import { readIndexed } from "./png.js";

export class Mask {
  /**
   * @param {Blob} blob as the service answered it
   * @param {{name: string}[]} classes of its label set, by index
   */
  static async read(blob, classes) {
    return new Mask(blob, await readIndexed(blob), classes);
  }

  constructor(blob, { width, height, indices, palette }, classes) {
    Object.assign(this, { blob, width, height, indices, palette, classes });
  }

  /** Class index at a point given as shares of width and height, 0 to 1. */
  at(x, y) {
    const column = Math.min(this.width - 1, Math.max(0, Math.floor(x * this.width)));
    const row = Math.min(this.height - 1, Math.max(0, Math.floor(y * this.height)));
    return this.indices[row * this.width + column];
  }

  name(index) {
    return this.classes[index]?.name ?? `class ${index}`;
  }

  /** [red, green, blue] of a class. */
  color(index) {
    return [...this.palette.subarray(3 * index, 3 * index + 3)];
  }

  /** Parts that are there, background left out, the largest first; `share` is of all parts. */
  parts() {
    const areas = new Uint32Array(256);
    for (let at = 0; at < this.indices.length; at++) areas[this.indices[at]]++;
    const person = this.indices.length - areas[0];
    return [...areas.entries()]
      .filter(([index, area]) => index > 0 && area > 0)
      .sort((one, other) => other[1] - one[1])
      .map(([index, area]) => ({ index, area, share: area / person }));
  }

  /** Class indices at another size, by the nearest pixel: indices cannot be mixed. */
  scaled(width, height) {
    if (width === this.width && height === this.height) return this.indices;
    const columns = Uint32Array.from({ length: width }, (_, x) =>
      Math.floor(((x + 0.5) * this.width) / width),
    );
    const scaled = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const row = Math.floor(((y + 0.5) * this.height) / height) * this.width;
      const to = y * width;
      for (let x = 0; x < width; x++) scaled[to + x] = this.indices[row + columns[x]];
    }
    return scaled;
  }
}
