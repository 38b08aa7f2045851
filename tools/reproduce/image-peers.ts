import sharp, { type Sharp } from "sharp";

/** Pictures of one size, 8 bits a value, one after the other. */
export interface Pictures {
  readonly items: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** What a codec made of pictures at one of its settings, a picture. */
export interface PeerPoint {
  readonly quality: number;
  /** Of whole files. */
  readonly bits: number;
  /** Of what is coded alone, without what every file has: markers, tables, boxes. */
  readonly payloadBits: number;
  /** Of values from 0 to 1, summed over a picture. */
  readonly squaredError: number;
}

/** A picture codec as sharp has it. */
export interface PictureCodec {
  readonly name: string;
  /** Settings from the coarsest to the finest. */
  readonly qualities: readonly number[];
  readonly write: (picture: Sharp, quality: number) => Sharp;
  /** Bytes of a file that are not header. */
  readonly payloadBytes: (file: Uint8Array) => number;
}

export const jpeg: PictureCodec = {
  name: "JPEG",
  qualities: [1, 3, 6, 12, 20, 32, 48, 66, 82, 92],
  // Huffman tables made for the picture; chroma as it is. What the tables take is header.
  write: (picture, quality) => picture.jpeg({ quality, optimiseCoding: true, chromaSubsampling: "4:4:4" }),
  payloadBytes: jpegScan,
};

/** As most writers leave it: with the tables of the standard (annex K), which are header too. */
export const sharedTablesJpeg: PictureCodec = {
  ...jpeg,
  name: "JPEG, standard tables",
  write: (picture, quality) => picture.jpeg({ quality, optimiseCoding: false, chromaSubsampling: "4:4:4" }),
};

export const subsampledJpeg: PictureCodec = {
  ...jpeg,
  name: "JPEG 4:2:0",
  write: (picture, quality) => picture.jpeg({ quality, optimiseCoding: true, chromaSubsampling: "4:2:0" }),
};

export const webp: PictureCodec = {
  name: "WebP",
  qualities: [1, 6, 14, 26, 42, 60, 78, 90],
  write: (picture, quality) => picture.webp({ quality, effort: 6 }),
  payloadBytes: webpFrame,
};

export const avif: PictureCodec = {
  name: "AVIF",
  qualities: [1, 10, 22, 36, 50, 68],
  write: (picture, quality) => picture.avif({ quality, effort: 4, chromaSubsampling: "4:4:4" }),
  payloadBytes: avifData,
};

/** Each picture in a file of its own. */
export async function oneByOne(codec: PictureCodec, pictures: Pictures): Promise<PeerPoint[]> {
  const points: PeerPoint[] = [];
  for (const quality of codec.qualities) {
    let [bytes, payload, error] = [0, 0, 0];
    for (let item = 0; item < pictures.items; item++) {
      const one = await coded(codec, quality, pictureAt(pictures, item));
      bytes += one.bytes;
      payload += one.payload;
      error += one.squaredError;
    }
    points.push(perPicture(quality, pictures.items, { bytes, payload, squaredError: error }));
  }
  return points;
}

/** All pictures side by side in one file, in as many columns as make it about square. */
export async function inMosaic(codec: PictureCodec, pictures: Pictures): Promise<PeerPoint[]> {
  const whole = mosaic(pictures);
  const points: PeerPoint[] = [];
  for (const quality of codec.qualities) {
    points.push(perPicture(quality, pictures.items, await coded(codec, quality, whole)));
  }
  return points;
}

interface Coded {
  readonly bytes: number;
  readonly payload: number;
  readonly squaredError: number;
}

function perPicture(quality: number, items: number, { bytes, payload, squaredError }: Coded): PeerPoint {
  return { quality, bits: (8 * bytes) / items, payloadBits: (8 * payload) / items, squaredError: squaredError / items };
}

async function coded(codec: PictureCodec, quality: number, picture: Pictures): Promise<Coded> {
  const { width, height, channels, pixels } = picture;
  const file = await codec.write(sharp(pixels, { raw: { width, height, channels } }), quality).toBuffer();
  const space = channels === 1 ? "b-w" : "srgb";
  const { data, info } = await sharp(file).toColourspace(space).raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== channels || data.length !== pixels.length) {
    throw new Error(`${codec.name}: expected ${pixels.length} values back, got ${data.length}`);
  }
  let squares = 0;
  for (let i = 0; i < pixels.length; i++) squares += (pixels[i]! - data[i]!) ** 2;
  return { bytes: file.length, payload: codec.payloadBytes(file), squaredError: squares / 255 ** 2 };
}

function pictureAt({ height, width, channels, pixels }: Pictures, item: number): Pictures {
  const size = height * width * channels;
  return { items: 1, height, width, channels, pixels: pixels.subarray(item * size, (item + 1) * size) };
}

function mosaic({ items, height, width, channels, pixels }: Pictures): Pictures {
  const columns = Math.ceil(Math.sqrt(items));
  const rows = Math.ceil(items / columns);
  const row = width * channels;
  const all = new Uint8Array(columns * row * rows * height);
  for (let item = 0; item < items; item++) {
    const at = (Math.floor(item / columns) * height * columns + (item % columns)) * row;
    for (let y = 0; y < height; y++) {
      const from = (item * height + y) * row;
      all.set(pixels.subarray(from, from + row), at + y * columns * row);
    }
  }
  return { items: 1, height: rows * height, width: columns * width, channels, pixels: all };
}

/** From behind the header of the scan, which is the only one, to the marker of the end. */
function jpegScan(file: Uint8Array): number {
  for (let at = 2; at + 4 <= file.length;) {
    const length = 256 * file[at + 2]! + file[at + 3]!;
    if (file[at + 1] === 0xda) return file.length - 2 - (at + 2 + length);
    at += 2 + length;
  }
  throw new Error("a JPEG file without a scan");
}

const RIFF_AND_CHUNK = 20;
const VP8_HEADER = 10;

function webpFrame(file: Uint8Array): number {
  return file.length - RIFF_AND_CHUNK - VP8_HEADER;
}

/** What the box `mdat` holds. */
function avifData(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 0; at + 8 <= file.length;) {
    const length = view.getUint32(at);
    if (String.fromCharCode(...file.subarray(at + 4, at + 8)) === "mdat") return length - 8;
    if (length < 8) break;
    at += length;
  }
  throw new Error("an AVIF file without data");
}
