import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** What somebody has to load, in bytes. */
export interface Size {
  readonly what: string;
  readonly raw: number;
  /** At level 9. */
  readonly gzip: number;
  /** At quality 11. */
  readonly brotli: number;
}

/** Of files that are sent one by one. */
export function sizeOfFiles(what: string, files: readonly Uint8Array[]): Size {
  const sum = (of: (file: Uint8Array) => number): number => files.reduce((total, file) => total + of(file), 0);
  const quality = (file: Uint8Array) => ({
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: file.length },
  });
  return {
    what,
    raw: sum((file) => file.length),
    gzip: sum((file) => gzipSync(file, { level: 9 }).length),
    brotli: sum((file) => brotliCompressSync(file, quality(file)).length),
  };
}
