// Class indices out of a palette PNG; a canvas would give colours, and some browsers blur those.
//
// Source: W3C, Portable Network Graphics (Third Edition), sections 5.2 to 11.2.

const INDEXED = 3;
const FILTER_UP = 2;

/**
 * Read an 8-bit palette PNG as the service writes it: whole, and filtered by "up".
 *
 * @param {Blob} blob
 * @returns {Promise<{width: number, height: number, indices: Uint8Array, palette: Uint8Array}>}
 *   indices row by row; palette as RGB triples
 */
export async function readIndexed(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const chunks = chunksOf(bytes);
  const header = view(chunks.get("IHDR")[0]);
  const [width, height] = [header.getUint32(0), header.getUint32(4)];
  if (header.getUint8(8) !== 8 || header.getUint8(9) !== INDEXED) {
    throw new Error("the mask is no 8-bit palette PNG");
  }
  const rows = await inflate(chunks.get("IDAT"));
  return { width, height, indices: unfilter(rows, width, height), palette: chunks.get("PLTE")[0] };
}

function chunksOf(bytes) {
  const data = view(bytes);
  const chunks = new Map();
  for (let at = 8; at < bytes.length; ) {
    const length = data.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + length);
    chunks.set(name, [...(chunks.get(name) ?? []), content]);
    at += 12 + length;
  }
  return chunks;
}

async function inflate(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function unfilter(rows, width, height) {
  const indices = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = y * (width + 1);
    if (rows[from] !== FILTER_UP) throw new Error("the mask is filtered in an unknown way");
    const [row, above] = [y * width, (y - 1) * width];
    for (let x = 0; x < width; x++) {
      indices[row + x] = rows[from + 1 + x] + (y === 0 ? 0 : indices[above + x]);
    }
  }
  return indices;
}

function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
