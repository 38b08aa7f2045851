import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encode as encodePng } from "fast-png";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { VERSION } from "../src/version.ts";
import { complaint, isthmus, report } from "./support/cli.ts";
import { DIGITS, SMALL } from "./support/data.ts";
import { sharedFolder, temporaryFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const model = file("m.safetensors");
const COMMANDS = [
  ...[
    "train",
    "eval",
    "score",
    "encode",
    "export",
    "bundle",
    "import",
    "decode",
    "prepare-lossless",
    "compress",
    "decompress",
    "sample",
    "interpolate",
    "plot",
    "report",
  ],
  ...["inspect", "onnx", "channel", "doctor"],
];
/** Below `onnx`. */
const LOOKS = ["check", "info", "lint", "parity", "selftest"];
/** Below `channel`, and what makes them small. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  ...{ train: ["--steps", "100", "--batch", "64"], baseline: [], bound: [], simulate: ["--max-blocks", "5000"] },
  ...{ export: [], plot: [] },
};
/** Pictures, each a command below `plot`, and what makes them small. */
const PICTURES: Readonly<Record<string, readonly string[]>> = {
  ...{ reconstructions: DIGITS, samples: [], latent: DIGITS, manifold: [], interpolation: DIGITS, sheet: DIGITS },
  ...{ completions: DIGITS, traversals: DIGITS, curves: [], "rate-distortion": [] },
};

beforeAll(async () => {
  // What doctor measures is remembered there, not in the user's own cache.
  vi.stubEnv("XDG_CACHE_HOME", folder);
  await report("train", "vae", ...SMALL, "-o", model);
  await report("encode", model, ...DIGITS, "--range", "0:5", "-o", file("x.isth"));
});

describe("help", () => {
  it("is shown when nothing is asked for, and lists every command", async () => {
    const { code, stdout, stderr } = await isthmus([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    expect((await isthmus(["--help"])).stdout).toBe(stdout);
    expect((await isthmus(["help"])).stdout).toBe(stdout);
  });

  it("tells the version", async () => {
    expect(await isthmus(["--version"])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });

  /** The examples under a command's help, as words. */
  async function examples(...command: readonly string[]): Promise<string[][]> {
    const { code, stdout, stderr } = await isthmus([...command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    if (command.length === 1) expect((await isthmus(["help", ...command])).stdout).toBe(stdout);
    const [block] = /(?<=\nExamples?:\n)[^]+$/.exec(stdout) ?? [""];
    const lines = block
      .trim()
      .split("\n")
      .map((line) =>
        line
          .trim()
          .replace(/^isthmus /, "")
          .split(" "),
      );
    for (const line of lines) expect(line.slice(0, command.length)).toEqual(command);
    return lines;
  }

  it("of every command has examples that work, one after the other", async () => {
    const lines: string[][] = [];
    for (const command of COMMANDS) if (command !== "channel") lines.push(...(await examples(command)));
    for (const look of LOOKS) lines.push(...(await examples("onnx", look)));
    for (const picture of Object.keys(PICTURES)) lines.push(...(await examples("plot", picture)));
    await runInOrder(lines);
  });

  it("of every command below channel, too", async () => {
    const lines = await examples("channel");
    for (const link of Object.keys(LINKS)) lines.push(...(await examples("channel", link)));
    await runInOrder(lines);
  });
});

/** What makes the parts of a group small. */
const BELOW: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = { plot: PICTURES, channel: LINKS };

/** Runs lines as written, but in a folder of their own, and small: what comes later on a command line wins. */
async function runInOrder(lines: readonly (readonly string[])[]): Promise<void> {
  const here = await temporaryFolder();
  const smaller: Record<string, readonly string[]> = {
    ...{ train: SMALL, eval: DIGITS, encode: [...DIGITS, "--range", "0:100"], sample: DIGITS, interpolate: DIGITS },
    ...{ score: [...DIGITS, "--range", "0:100"], report: [...DIGITS, "--range", "0:100"] },
  };
  await writeFile(join(here, "readings.csv"), readings());
  await writeFile(join(here, "torn.png"), torn());
  await mkdir(join(here, "holiday"));
  for (const name of ["photo.jpg", "more.png", "holiday/beach.webp"]) await sharp(torn()).toFile(join(here, name));
  await writeFile(join(here, "points.csv"), "x1,x2\n3,4\n-3,-4\n0,5\n0,-5\n");
  await writeFile(join(here, "book.csv"), "x1\n1\n-1\n");
  for (const words of lines) {
    const isPath = (word: string, i: number) => /(\.[a-z]+|\/)$/.test(word) || words[i - 1] === "-o";
    const args = words.map((word, i) => (isPath(word, i) ? join(here, word) : word));
    const named = Object.keys(FEWER).find((data) => words.includes(data));
    const fewer = named === undefined ? smaller : FEWER[named]!;
    const { code, stdout, stderr } = await isthmus([
      ...args,
      ...(BELOW[words[0]!]?.[words[1]!] ?? fewer[words[0]!] ?? []),
    ]);
    expect(code, `${words.join(" ")}\n${stderr}`).toBe(0);
    expect(stdout).not.toBe("");
    const out = words.includes("-o") ? words[words.indexOf("-o") + 1]! : undefined;
    if (out) expect((await stat(join(here, out))).size).toBeGreaterThan(0);
  }
}

/** A picture of the size of a digit. */
function torn(): Uint8Array {
  return encodePng({ width: 28, height: 28, channels: 1, depth: 8, data: new Uint8Array(28 * 28).fill(9) });
}

const FEW_SPRITES = ["--factors", "size=2,x=4,y=4,rotation=1"];

/** What makes lines about other data than digits small. */
const FEWER: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  ...{ "photo.jpg": {}, "more.png": {} },
  "readings.csv": { train: ["--epochs", "1", "--hidden", "8"] },
  sprites: { train: ["--epochs", "1", "--hidden", "8", ...FEW_SPRITES], eval: FEW_SPRITES },
};

/** Two hundred rows of a time, a temperature, a humidity and a state. */
function readings(): string {
  const row = (at: number) => [at, (20 + Math.sin(at / 9)).toFixed(2), 40 + (at % 7), at % 3 ? "on" : "off"];
  const rows = Array.from({ length: 200 }, (_, at) => row(at).join());
  return ["time,temp,humidity,state", ...rows].map((line) => `${line}\n`).join("");
}

it("the README's lines work, one after the other, and show every command", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [block] = /(?<=```sh\n)[^`]+/.exec(readme) ?? [""];
  const lines = block.trim().split("\n");
  for (const line of lines) expect(line).toMatch(/^isthmus /);
  await runInOrder(lines.map((line) => line.split(" ").slice(1)));
  for (const command of COMMANDS) expect(readme).toMatch(new RegExp(`^\\| \`${command}[ \`]`, "m"));
});

describe("--json", () => {
  it.each([
    ["train", () => ["train", "ae", ...SMALL, "-o", file("ae.safetensors")]],
    ["eval", () => ["eval", model, ...DIGITS, "--range", "0:9"]],
    ["encode", () => ["encode", model, ...DIGITS, "--range", "0:9", "-o", file("y.isth")]],
    ["decode", () => ["decode", model, file("x.isth"), "-o", file("r.npy")]],
    ["export", () => ["export", model, "--part", "encoder", "-o", file("e.onnx")]],
    ["sample", () => ["sample", model, "-n", "2", "-o", file("s.npy")]],
    ["score", () => ["score", model, ...DIGITS, "--range", "0:9", "-o", file("s.csv")]],
    ["interpolate", () => ["interpolate", model, ...DIGITS, "--from", "0", "--to", "1", "-o", file("i.png")]],
    ["plot", () => ["plot", "latent", model, ...DIGITS, "--range", "0:9", "-o", file("l.svg")]],
    ["report", () => ["report", model, ...DIGITS, "--range", "0:9", "-o", file("r.html")]],
    ["inspect", () => ["inspect", model]],
    ["doctor", () => ["doctor"]],
  ])("of %s is one object on stdout, and lines for people without it", async (_, args) => {
    const json = await report(...args());
    expect(Object.keys(json).length).toBeGreaterThan(2);
    const { code, stdout } = await isthmus(args());
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n$/);
    expect(stdout).not.toMatch(/^\{|undefined|NaN|\[object/m);
  });

  it("leaves stdout empty when something is wrong", async () => {
    expect(await isthmus(["inspect", file("none"), "--json"])).toMatchObject({ code: 2, stdout: "" });
    expect(await isthmus(["train", "--json"])).toMatchObject({ code: 2, stdout: "" });
  });

  it("cannot share stdout with the file", async () => {
    const line = await complaint("encode", model, ...DIGITS, "--range", "0:5", "-o", "/dev/stdout", "--json");
    expect(line).toBe("--json and --out /dev/stdout both want stdout; write the file elsewhere");
  });
});

it("doctor tells which build train would choose, and of every engine why it is not the one", async () => {
  const { node, simd, engine, selection } = await report("doctor", "--engine", "wasm");
  expect({ node, simd }).toEqual({ node: process.versions.node, simd: true });
  const { engine: chosen } = await report("train", "ae", ...SMALL, "-o", file("ae.safetensors"));
  expect(`${engine.name}:${engine.build}`).toBe(chosen);
  expect(selection).toMatchObject({ engine: "wasm", how: "required" });
  const asked = await report("doctor", "--anew");
  expect(asked.selection.candidates.map(({ outcome }: { outcome: string }) => outcome)).toContain("chosen");
  const { stdout } = await isthmus(["doctor"]);
  expect(stdout).toMatch(/^engine +(wasm|tfjs:\w+): the fastest, .* and remembered/m);
  expect(stdout).toMatch(/not tfjs:webgl: WebGL needs a canvas/);
});

describe("a wrong command line ends with 2 and one line", () => {
  const out = ["-o", file("never")];
  const train = ["train", "vae", ...SMALL, ...out];
  it.each([
    [["frob"], "unknown command 'frob' (isthmus --help shows how)"],
    [["help", "frob"], "no such command (isthmus --help shows how)"],
    [["--frob"], "unknown option '--frob' (isthmus --help shows how)"],
    [["train"], "required option '-o, --out <file>' not specified (isthmus train --help shows how)"],
    [["train", ...out], "missing required argument 'kind' (isthmus train --help shows how)"],
    [["train", "gan", ...out], "Allowed choices are ae, linear-ae, "],
    [["train", "vae", "ae", ...out], "too many arguments"],
    [[...train, "--frob"], "unknown option '--frob'"],
    [[...train, "--epochs"], "argument missing"],
    [[...train, "--epochs", "0"], "'0' is invalid. expected a whole number of at least 1."],
    [[...train, "--epochs", "ten"], "'ten' is invalid. expected a whole number of at least 1."],
    [[...train, "--epochs", ""], "'' is invalid. expected a whole number of at least 1."],
    [[...train, "--latent", "1.5"], "'1.5' is invalid. expected a whole number of at least 1."],
    [[...train, "--batch", "1e99"], "'1e99' is invalid. expected a whole number of at most 9,007,199,254,740,991."],
    [[...train, "--seed", "-1"], "'-1' is invalid. expected a whole number of at least 0."],
    [[...train, "--lr", "0"], "'0' is invalid. expected a number from 1e-12 to 1000."],
    [[...train, "--lr", "Infinity"], "expected a number from"],
    [[...train, "--optimiser", "lion"], "Allowed choices are adam, adamw, sgd, rmsprop."],
    [[...train, "--schedule", "linear"], "Allowed choices are constant, cosine, step."],
    [[...train, "--momentum", "0.9"], "--momentum goes with --optimiser sgd only"],
    [[...train, "--optimiser", "adamw", "--nesterov"], "--nesterov goes with --optimiser sgd only"],
    [[...train, "--optimiser", "sgd", "--nesterov"], "--nesterov needs --momentum above 0, such as 0.9"],
    [[...train, "--optimiser", "sgd", "--momentum", "1"], "'1' is invalid. expected a number from 0 to 0.999999."],
    [[...train, "--weight-decay", "0.1"], "--weight-decay goes with --optimiser adamw only"],
    [[...train, "--clip-norm", "0"], "'0' is invalid. expected a number from 1e-12 to 1000000000000."],
    [[...train, "--lr-epochs", "3"], "--lr-epochs goes with --schedule cosine or step only"],
    [[...train, "--schedule", "cosine", "--lr-factor", "0.5"], "--lr-factor goes with --schedule step only"],
    [[...train, "--schedule", "step", "--lr-floor", "0"], "--lr-floor goes with --schedule cosine only"],
    [[...train, "--schedule", "step"], "--schedule step needs --lr-epochs, the epochs from step to step"],
    [[...train, "--schedule", "cosine", "--lr-floor", "0.1"], "--lr-floor 0.1 is above --lr 0.001"],
    [[...train, "--schedule", "cosine", "--warm-up", "4"], "--warm-up 4 is longer than the whole cosine, 3 steps"],
    [[...train, "--warm-up", "-1"], "'-1' is invalid. expected a whole number of at least 0."],
    [[...train, "--hidden", "400,"], "'400,' is invalid. expected a whole number of at least 1."],
    [[...train, "--hidden", "0"], "expected a whole number of at least 1."],
    [[...train, "--step-scale", "1e300"], "expected a number from 0.0001 to 10000."],
    [
      [...train, "--data", "cifar"],
      "--data expected mnist, synthetic, sprites, cifar10, or a file or folder that exists, got cifar",
    ],
    [[...train, "--binarize", "some"], "Allowed choices are none, dynamic, threshold."],
    [
      [...train, "--likelihood", "poisson"],
      "Allowed choices are bernoulli, gaussian, discretised-logistic, logistic-mixture.",
    ],
    [[...train, "--build", "fast"], "Allowed choices are auto, simd128, relaxed."],
    [["eval"], "missing required argument 'model'"],
    [["eval", model, "--split", "val"], "Allowed choices are train, test, all."],
    [["encode", model], "required option '-o, --out <file>' not specified"],
    [["decode", model, ...out], "missing required argument 'streams'"],
    [["export", model, ...out], "required option '--part <name>' not specified"],
    [["sample", model, "-n", "0", ...out], "expected a whole number of at least 1."],
    [["sample", model, "-n", "1000000000", ...out], "expected a whole number of at most 1,000,000."],
    [["doctor", "more"], "too many arguments for 'doctor'"],
  ])("%j", async (args, message) => {
    expect(await complaint(...args)).toContain(message);
    expect(await readdir(folder)).not.toContain("never");
  });
});

describe("a wrong file or range ends with 2 and one line", () => {
  const encode = ["encode", model, ...DIGITS, "-o", file("never.isth")];
  it.each([
    [["eval", file("none"), ...DIGITS], `cannot read ${file("none")}: no such file or folder [FILE_READ]`],
    [["inspect", folder], `cannot read ${folder}: it is a folder [FILE_READ]`],
    [["decode", model, folder, "-o", file("never.npy")], `cannot read ${folder}: it is a folder [FILE_READ]`],
    [["sample", model, "-o", folder], `--out expected a name ending in .csv, .npy or .png, got ${folder}`],
    [["decode", model, file("x.isth"), "-o", file("r.txt")], "expected a name ending in .csv, .npy or .png"],
    [["export", model, "--part", "decoder", "-o", folder], `cannot write ${folder}: it is a folder [FILE_WRITE]`],
    [["train", "vae", ...SMALL, "-o", folder], `--out expected the name of a file, got ${folder}`],
    [["train", "vae", ...SMALL, "-o", "/dev/null"], "--out expected the name of a file, got /dev/null"],
    [["train", "vae", ...SMALL, "-o", "/dev/stdout"], "--out expected the name of a file, got /dev/stdout"],
    [[...encode, "--range", "5:2"], "range: expected 0 <= from <= to <= 10000, got 5:2"],
    [[...encode, "--range", "0:10001"], "range: expected 0 <= from <= to <= 10000, got 0:10001"],
    [[...encode, "--range", "first"], 'range: expected from:to, such as 0:100, got "first"'],
    [[...encode, "--range", "3:3"], "--range 3:3 holds no items"],
    [["eval", model, ...DIGITS, "--range", "3:3"], "--range 3:3 holds no items"],
    [["train", "vae", "--data-dir", file("none"), "-o", file("never")], "[DATA_MISSING]"],
    [["eval", model, "--data-dir", folder], `no MNIST test files in ${folder}: expected t10k-images-idx3-ubyte`],
  ])("%j", async (args, message) => {
    expect(await complaint(...args)).toContain(message);
    expect((await readdir(folder)).filter((name) => name.startsWith("never"))).toEqual([]);
  });

  it("for a file that is nothing known", async () => {
    for (const content of ["", "hello\n"]) {
      await writeFile(file("note.txt"), content);
      expect(await complaint("inspect", file("note.txt"))).toBe(
        `${file("note.txt")} is none of: model, checkpoint, .isth stream, .isthb bundle, ONNX, NPY`,
      );
    }
  });

  it("for a network that does not fit into memory, before anything is allocated", async () => {
    const line = await complaint("train", "vae", ...SMALL, "--hidden", "1000000000", "-o", file("never"));
    expect(line).toContain("[ENGINE_MEMORY]");
  });
});

describe("a result never replaces what it is made from", () => {
  it.each([
    ["export", ["--part", "decoder"]],
    ["encode", [...DIGITS, "--range", "0:5"]],
  ])("%s", async (command, options) => {
    const before = await readFile(model);
    const otherName = join(folder, ".", "..", folder.split("/").at(-1)!, "m.safetensors");
    for (const out of [model, otherName]) {
      expect(await complaint(command, model, ...options, "-o", out)).toBe(
        `--out ${out} would replace a file that is being read; choose another name`,
      );
    }
    expect((await readFile(model)).equals(before)).toBe(true);
  });
});
