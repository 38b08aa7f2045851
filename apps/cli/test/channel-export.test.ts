import { execFileSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codebook, type Codebook, maximumLikelihood, qamCodebook } from "@isthmus/channel";
import { parseNpy } from "@isthmus/data";
import { randomNormal } from "@isthmus/math";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { codebookBytes, readCodebook } from "../src/channel/codebook-files.ts";
import { complaint, report } from "./support/cli.ts";
import { sharedFolder, temporaryFolder } from "./support/folder.ts";

const shared = await sharedFolder();
const model = join(shared, "link.safetensors");
const plane = join(shared, "plane.safetensors");
const SMALL = ["--steps", "300", "--batch", "256", "--lr", "0.004"];

beforeAll(async () => {
  await report("channel", "train", "--k", "4", "--n", "7", ...SMALL, "-o", model);
  await report(
    "channel",
    "train",
    "--k",
    "3",
    "--n",
    "1",
    "--complex",
    "--normalize",
    "average",
    "--loss",
    "bits",
    ...SMALL,
    "-o",
    plane,
  );
});

const BLOCKS = 100_000;

describe("channel export", () => {
  it("writes both halves, which decide as the engine does on 100,000 blocks", async () => {
    for (const [system, messages] of [
      [model, 16],
      [plane, 8],
    ] as const) {
      const [receiver, transmitter] = [join(shared, "rx.onnx"), join(shared, "tx.onnx")];
      const { files } = await report("channel", "export", system, "--receiver", receiver, "--transmitter", transmitter);
      expect(files[0]).toMatchObject({ part: "receiver", blocks: BLOCKS, parity: "onnxruntime-node" });
      // Blocks that hang on less than rounding are a few in a thousand at most: logits are spread over tens.
      expect(files[0].close).toBeLessThan(BLOCKS / 1000);
      expect(files[1].maxAbsError).toBeLessThan(2e-6);
      const { outputs } = await report("onnx", "info", receiver);
      expect(outputs.map(({ name }: any) => name)).toEqual(["logits", "probabilities"]);
      expect(messages).toBe(2 ** (outputs[0].shape[1] === 16 ? 4 : 3));
    }
  });

  it.each([".json", ".csv", ".npy"])("writes tables as %s that are read back as they were", async (ending) => {
    const here = await temporaryFolder();
    for (const [system, shape] of [
      [model, [16, 7]],
      [plane, [8, 1, 2]],
      ["qam-16", [16, 1, 2]],
    ] as const) {
      const path = join(here, `book${ending}`);
      const again = join(here, `again${ending}`);
      await report("channel", "export", system, "--codebook", path);
      await report("channel", "export", path, "--codebook", again);
      const [first, second] = [await readCodebook(path), await readCodebook(again)];
      expect(second.points).toEqual(first.points);
      expect({ n: first.n, complex: first.complex, size: first.size }).toEqual({
        n: shape[1],
        complex: shape.length === 3,
        size: shape[0],
      });
      if (ending === ".npy") expect(parseNpy(await readFile(path)).shape).toEqual(shape);
      // NPY has no labels.
      else expect(second.labels).toEqual(system === "qam-16" ? qamCodebook(16).labels : first.labels);
    }
  });

  it("scales a foreign table to unit power", async () => {
    const here = await temporaryFolder();
    const [path, scaled] = [join(here, "big.csv"), join(here, "unit.npy")];
    await writeFile(path, "x1,x2\n3,4\n-3,-4\n0,5\n0,-5\n");
    expect(await complaint("channel", "simulate", path)).toMatch(
      /mean power of 12.5 a use, and may have 1; isthmus channel export/,
    );
    await report("channel", "export", path, "--normalize", "average", "--codebook", scaled);
    const { points } = await readCodebook(scaled);
    // 5 is sqrt(2) of two uses.
    expect(Math.hypot(points[0]!, points[1]!)).toBeCloseTo(Math.SQRT2, 12);
  });

  it.each([
    [[], /^expected --codebook, --receiver or --transmitter$/],
    [["--codebook", "a.txt"], /^--codebook expected a name ending in .json, .csv, .npy, .h, got a.txt$/],
    [
      ["--codebook", "a.csv", "--opset", "13"],
      /^--opset: a codebook has none; it goes with --receiver or --transmitter$/,
    ],
    [["--codebook", "a.csv", "--blocks", "9"], /^--blocks: only a receiver's decisions are compared/],
    [["--transmitter", "tx.onnx", "--blocks", "9"], /^--blocks: only a receiver's decisions are compared/],
    [["--codebook", "a.csv", "--codebook", "a.csv"], /^two results go to the same file$/],
    [["--normalize", "energy", "--codebook", join(shared, "a.csv")], /^--normalize: a model's codebook has the power/],
  ])("%j is refused", async (words, message) => {
    expect(await complaint("channel", "export", model, ...words)).toMatch(message);
  });

  it("refuses networks of what has none, and tables that are none", async () => {
    const here = await temporaryFolder();
    const onnx = join(here, "rx.onnx");
    expect(await complaint("channel", "export", "hamming", "--receiver", onnx)).toMatch(/^hamming is no model/);
    await expect(stat(onnx)).rejects.toThrow("ENOENT");
    for (const [name, text] of [
      ["a.json", "{}"],
      ["a.json", "x"],
      ["a.csv", "1,2\n3,4\n"],
      ["a.csv", "x1\n1\n1,2\n"],
      ["a.json", '{"points":[[1],["b"]]}'],
    ] as const) {
      const path = join(here, name);
      await writeFile(path, text);
      expect(await complaint("channel", "baseline", path)).toMatch(/ holds no codebook: /);
    }
  });
});

const compiler = ["cc", "gcc", "clang"].find((name) => {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

/** Reads rows of floats and prints the message of each; before that, the points by both tables. */
const PROGRAM = `
#include <stdio.h>
#include "book.h"
int main(void) {
  for (int m = 0; m < BOOK_MESSAGES; m++)
    for (int i = 0; i < BOOK_DIMENSIONS; i++)
      printf("%.9g %.9g %u\\n", book_points[m][i], book_q15[m][i] * BOOK_Q15_SCALE / 32768, book_labels[m]);
  float received[BOOK_DIMENSIONS];
  while (fread(received, sizeof received, 1, stdin) == 1) printf("%d\\n", book_nearest(received));
  return 0;
}
`;

describe.skipIf(compiler === undefined)("the C header (needs a C compiler, cc, gcc or clang)", () => {
  const books: readonly (readonly [string, Codebook])[] = [
    ["16-QAM", qamCodebook(16)],
    [
      "three messages in five uses",
      codebook([
        [1, 0.5, 0, 0, 2],
        [-1, 0, 1, 0.25, 0],
        [0, 0, 0, -1.5, 1e-9],
      ]),
    ],
  ];

  it.each(books)(
    "of %s compiles without a warning, has the points, and decides as maximum likelihood on 100,000 blocks",
    async (_, book) => {
      const here = await temporaryFolder();
      await writeFile(join(here, "book.h"), codebookBytes("book.h", book));
      await writeFile(join(here, "main.c"), PROGRAM);
      const binary = join(here, "main");
      execFileSync(compiler!, [
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        "-O1",
        "-o",
        binary,
        join(here, "main.c"),
      ]);
      const columns = book.points.length / book.size;
      const received = new Float32Array(BLOCKS * columns);
      randomNormal(received, { seed: 4, stream: "c", step: 0 });
      received.forEach(
        (z, at) =>
          (received[at] = 0.6 * z + book.points[(Math.floor(at / columns) % book.size) * columns + (at % columns)]!),
      );
      const lines = execFileSync(binary, { input: new Uint8Array(received.buffer), maxBuffer: 2 ** 26 })
        .toString()
        .trim()
        .split("\n");
      const most = book.points.reduce((all, x) => Math.max(all, Math.abs(x)), 0);
      book.points.forEach((x, at) => {
        const [float, q15, label] = lines[at]!.split(" ").map(Number);
        expect(Math.fround(float!)).toBe(Math.fround(x));
        // Half a step of 2^-15 of the greatest, and float32's own rounding.
        expect(Math.abs(q15! - x)).toBeLessThan((most / 32767) * 0.501 + 1e-6);
        expect(label).toBe(book.labels[Math.floor(at / columns)]);
      });
      const decisions = new Uint32Array(BLOCKS);
      const receiver = await maximumLikelihood(book);
      await receiver.decide(
        { blocks: BLOCKS, columns, complex: book.complex, signal: received.slice(), deviation: 0.6 },
        decisions,
      );
      const theirs = lines.slice(book.points.length).map(Number);
      expect(theirs).toHaveLength(BLOCKS);
      // Both are float32 in another order: only blocks as near to two points, to 1e-5, may differ.
      const distance = (block: number, m: number) => {
        let sum = 0;
        for (let i = 0; i < columns; i++) sum += (received[block * columns + i]! - book.points[m * columns + i]!) ** 2;
        return sum;
      };
      const wrong = theirs.filter(
        (m, block) =>
          m !== decisions[block] && Math.abs(distance(block, m) - distance(block, decisions[block]!)) > 1e-5,
      );
      expect(wrong).toEqual([]);
    },
  );
});

describe("channel plot", () => {
  it("shows points with their bits, what is received, and regions of both kinds", async () => {
    const here = await temporaryFolder();
    const out = join(here, "c.svg");
    const { shows } = await report(
      "channel",
      "plot",
      "constellation",
      plane,
      "--ebno",
      "8",
      "--cloud",
      "500",
      "-o",
      out,
    );
    expect(shows).toBe("8 points (1 complex,3), 500 blocks received at Eb/N0 8 dB, seed 1");
    const nearest = await readFile(out, "utf8");
    for (const bits of ["000", "101", "mean energy"]) expect(nearest).toContain(`>${bits}</text>`);
    expect(nearest.match(/<polygon /g)!.length).toBe(8);
    await report("channel", "plot", "constellation", plane, "--regions", "network", "--cloud", "0", "-o", out);
    expect(await readFile(out, "utf8")).toMatch(/regions: the network&#39;s decisions/);
  });

  it("projects signals of many dimensions, and compares distances", async () => {
    const here = await temporaryFolder();
    const out = join(here, "p.svg");
    await report("channel", "plot", "projection", model, "-o", out);
    expect(await readFile(out, "utf8")).toMatch(/principal axis 1 \(\d+ % of the energy\)/);
    await report("channel", "plot", "spectrum", model, "hamming", "-o", out);
    expect(await readFile(out, "utf8")).toMatch(/>link \(7,4\)<[^]*>Hamming \(7,4\)</);
  });

  it.each([
    [["constellation", "hamming"], /has 7 real dimensions; isthmus channel plot projection shows two/],
    [["projection", "qpsk"], /is of the plane already/],
    [["constellation", "qpsk", "--regions", "network"], /^--regions network goes with a model only$/],
    [["constellation", "qpsk", "--ebno", "0:8"], /^--ebno expected one number here$/],
  ])("%j is refused", async (words, message) => {
    expect(await complaint("channel", "plot", ...words, "-o", join(shared, "x.svg"))).toMatch(message);
  });
});

describe("report", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("of a link has what it spends, how it was trained, error rates, signals and distances", async () => {
    const here = await temporaryFolder();
    const out = join(here, "r.html");
    vi.stubEnv("ISTHMUS_DATA", here); // where data lie is the machine's affair: it is no option that a link refuses
    const { sections } = await report("report", plane, "-o", out);
    expect(sections).toEqual([
      "Summary",
      "Training",
      "Error rates",
      "Signals",
      "Distances",
      "Parameters",
      "Provenance",
    ]);
    const page = await readFile(out, "utf8");
    for (const words of ["8 messages in 1 complex use ", "mean power a use", "8-PSK"]) expect(page).toContain(words);
    // Training, error rates, a constellation for each receiver, distances.
    expect(page.match(/<img /g)).toHaveLength(5);
    expect(/<script|src="http/.test(page)).toBe(false);
    const [film, none] = [join(here, "film.svg"), join(here, "none.svg")];
    await writeFile(film, '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>');
    await writeFile(none, "<html>");
    await report("report", plane, "--animation", film, "-o", out);
    const filmed = await readFile(out, "utf8");
    expect(filmed.match(/<img /g)).toHaveLength(6);
    expect(filmed).toContain(`<img src="data:image/svg+xml;base64,${(await readFile(film)).toString("base64")}"`);
    expect(await complaint("report", plane, "--animation", none, "-o", out)).toBe(
      `--animation expected a film of isthmus channel train, got ${none}`,
    );
    expect(await complaint("report", plane, "--range", "0:9", "-o", out)).toMatch(
      /^--range goes with models of data only$/,
    );
    expect(await complaint("report", plane, "-o", join(here, "r.txt"))).toMatch(
      /^--out expected a name ending in .html/,
    );
  });
});
