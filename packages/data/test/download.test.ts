import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { download } from "../src/node.ts";
import type { DownloadOptions, DownloadProgress } from "../src/node.ts";
import { isthmusError } from "./support/error.ts";
import { temporaryFolder } from "./support/folder.ts";
import { cutAfter, serve, whole } from "./support/server.ts";
import type { Answer } from "./support/server.ts";

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3);
const sha256 = createHash("sha256").update(content).digest("hex");

/** A download of `content` to a fresh folder, impatient. */
async function prepared(...urls: string[]): Promise<DownloadOptions & { folder: string }> {
  const folder = await temporaryFolder();
  const to = join(folder, "file.gz");
  return { folder, urls, to, sha256, bytes: content.length, answerTimeoutMs: 300, stallTimeoutMs: 300 };
}

async function expectArrived({ folder, to }: { folder: string; to: string }): Promise<void> {
  expect(Buffer.compare(await readFile(to), content)).toBe(0);
  expect(await readdir(folder)).toEqual(["file.gz"]);
}

describe("download", () => {
  it("fetches a file and reports progress up to its length", async () => {
    const { url, ranges } = await serve(whole(content));
    const seen: DownloadProgress[] = [];
    const options = { ...(await prepared(url)), onProgress: (progress: DownloadProgress) => void seen.push(progress) };
    await download(options);
    await expectArrived(options);
    expect(ranges).toEqual([undefined]);
    expect(seen.at(-1)).toEqual({ file: "file.gz", receivedBytes: 200_000, totalBytes: 200_000 });
  });

  it("resumes where a cut connection ended", async () => {
    const server = await serve((request, response, count) => {
      const answer: Answer = count <= 2 ? cutAfter(content, 50_000) : whole(content);
      answer(request, response, count);
    });
    const options = await prepared(server.url);
    await download(options);
    await expectArrived(options);
    expect(server.ranges).toEqual([undefined, "bytes=50000-", "bytes=100000-"]);
  });

  it("resumes from the part an earlier call left", async () => {
    const broken = await serve(cutAfter(content, 30_000));
    const options = await prepared(broken.url);
    expect((await isthmusError(() => download(options))).message).toContain("the connection ended at byte 120000");
    expect(await readdir(options.folder)).toEqual(["file.gz.part"]);
    const server = await serve(whole(content));
    await download({ ...options, urls: [server.url] });
    await expectArrived(options);
    expect(server.ranges).toEqual(["bytes=120000-"]);
  });

  it("begins again when the server cannot resume, or refuses to", async () => {
    const ignoring = await serve((_request, response) => response.end(content));
    const refusing = await serve((request, response, count) => {
      if (request.headers.range) response.writeHead(416).end();
      else whole(content)(request, response, count);
    });
    for (const { url } of [ignoring, refusing]) {
      const options = await prepared(url);
      await writeFile(`${options.to}.part`, content.subarray(0, 1000));
      await download(options);
      await expectArrived(options);
    }
  });

  it("begins again when the part it resumed from was wrong, too long or already complete", async () => {
    for (const part of [new Uint8Array(1000), new Uint8Array(content.length + 1), new Uint8Array(content.length)]) {
      const { url } = await serve(whole(content));
      const options = await prepared(url);
      await writeFile(`${options.to}.part`, part);
      await download(options);
      await expectArrived(options);
    }
  });

  it("goes on to the next server after a wrong file, and keeps nothing of it", async () => {
    const wrong = await serve(whole(content.map((byte) => byte ^ 1)));
    const right = await serve(whole(content));
    const options = await prepared(wrong.url, right.url);
    await download(options);
    await expectArrived(options);
    expect(right.ranges).toEqual([undefined]);
  });

  it("says what each server did wrong", async () => {
    const wrong = await serve(whole(content.map((byte) => byte ^ 1)));
    const missing = await serve((_request, response) => response.writeHead(404).end());
    const longer = await serve((_request, response) => response.end(Buffer.concat([content, content])));
    const silent = await serve(() => undefined);
    const options = await prepared(wrong.url, missing.url, longer.url, silent.url, "http://127.0.0.1:1/");
    const error = await isthmusError(() => download(options));
    expect(error.code).toBe("DATA_DOWNLOAD");
    const [first, ...others] = String(error.details["reason"]).split("; ");
    expect(first).toContain(`the SHA-256 is`);
    expect(others.map((failure) => failure.replace(/^127\.0\.0\.1:\d+: /, ""))).toEqual([
      "answered 404",
      "sent more than the 200000 bytes expected",
      "no answer within 0.3 s",
      expect.stringMatching(/refused|bad port/),
    ]);
    expect(await readdir(options.folder)).toEqual([]);
  });

  it("breaks off a stalled connection and resumes", async () => {
    const server = await serve((request, response, count) => {
      if (count > 1) return whole(content)(request, response, count);
      response.writeHead(200, { "content-length": content.length });
      return response.write(content.subarray(0, 70_000));
    });
    const options = await prepared(server.url);
    await download(options);
    await expectArrived(options);
    expect(server.ranges).toEqual([undefined, "bytes=70000-"]);
  });

  it("stops at once when aborted, and keeps the part", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 10_000));
    });
    const abort = new AbortController();
    const reason = new Error("enough");
    const options = await prepared(server.url, server.url);
    const stopped = download({
      ...options,
      stallTimeoutMs: 60_000,
      signal: abort.signal,
      onProgress: () => abort.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
    expect(await readdir(options.folder)).toEqual(["file.gz.part"]);
    expect(server.ranges).toHaveLength(1);
  });

  it("says when it cannot store the file", async () => {
    const { url } = await serve(whole(content));
    const options = await prepared(url);
    await writeFile(options.to, "a file, not a folder");
    const error = await isthmusError(() => download({ ...options, to: join(options.to, "x") }));
    expect(error.code).toBe("FILE_WRITE");
  });
});
