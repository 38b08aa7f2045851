import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  /** Quoted, as HTTP has it. */
  readonly etag: string;
}

/** Beside `src` and `dist` alike. */
const FOLDER = fileURLToPath(new URL("../../page/", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** All files of the page by the path that they are served under. They are read once, so that no request reaches the file system. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const names = (await readdir(FOLDER)).filter((name) => extname(name) in TYPES);
  const entries = names.map(async (name): Promise<[string, PageFile]> => {
    const body = await readFile(`${FOLDER}${name}`);
    const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
    return [name === "index.html" ? "/" : `/page/${name}`, { type: TYPES[extname(name)]!, body, etag }];
  });
  return new Map(await Promise.all(entries));
}
