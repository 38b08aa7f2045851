import { mkdir, readFile, writeFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseNpy, sprites, take, writeIdx, writeNpy } from "@isthmus/data";
import { readCsv } from "@isthmus/data/node";
import { readModelFile, writeModelFile } from "@isthmus/graph";
import { encode as encodePng } from "fast-png";
import { describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  await mkdir(join(file(name), ".."), { recursive: true });
  await writeFile(file(name), content);
  return file(name);
};
const model = async (name: string) => readModelFile(await readFile(file(name)));
const array = async (name: string) => parseNpy(await readFile(file(name)));
/** Small, and as near to the data as a network gets in a second. */
const QUICK = ["--hidden", "16", "--epochs", "2", "--batch", "32"];
const train = (data: string, out: string, ...more: string[]): Promise<any> =>
  report("train", "ae", "--data", file(data), ...QUICK, ...more, "-o", file(out));
const rms = (one: ArrayLike<number>, other: ArrayLike<number>): number =>
  Math.sqrt(Array.from(one).reduce((sum, value, i) => sum + (value - other[i]!) ** 2, 0) / one.length);

describe("a table", async () => {
  const ROWS = 400;
  const state = (row: number) => ["on", "off", "a;b, c"][(row * 7) % 3]!;
  const temp = (row: number) => 20 + 5 * Math.sin(row);
  const lines = Array.from(
    { length: ROWS },
    (_, row) => `${row};${temp(row).toFixed(3)};"${state(row)}";5;${row % 2 ? "x" : "y"}`,
  );
  await put("t.csv", ["\ufefftime;temp;state;fixed;kind", ...lines].join("\r\n"));
  const columns = [
    "--columns",
    "temp,state,fixed",
    "--categorical",
    "state",
    "--label-column",
    "kind",
    "--delimiter",
    ";",
  ];
  // With a rate of 0.01 the last steps go up and down by more than is allowed below.
  const trained = await train(
    "t.csv",
    "t.safetensors",
    ...columns,
    "--latent",
    "4",
    "--epochs",
    "60",
    "--step-scale",
    "0.1",
    "--lr",
    "0.003",
  );

  it("is divided, and its likelihood fits its numbers", () => {
    expect(trained.test.items).toBe(ROWS / 10);
    expect(trained.test.convention).toBe("Gaussian likelihood, one learned variance, columns as they are standardised");
  });

  it.each([
    [[], { variance: "shared", value: 1 }],
    [["--variance", "predicted"], { variance: "predicted", value: 1 }],
    [["--likelihood", "gaussian", "--variance", "predicted"], { variance: "predicted", value: 1 }],
    [["--variance", "predicted", "--variance-value", "0.3"], { variance: "predicted", value: 0.3 }],
    [["--likelihood", "gaussian"], { variance: "fixed", value: 0.01 }],
  ])("has a variance that starts where its columns' are, unless one is said: %j", async (options, likelihood) => {
    await train("t.csv", "variance.safetensors", ...columns, "--latent", "2", ...options);
    expect((await model("variance.safetensors")).config["likelihood"]).toEqual({ kind: "gaussian", ...likelihood });
  });

  it("has its columns, their standardisation and its own name in the model file", async () => {
    const { data, provenance, config } = await model("t.safetensors");
    expect(config["inputShape"]).toEqual([1 + 3 + 1]);
    expect(data).toMatchObject({
      version: 1,
      item: {
        kind: "table",
        columns: [
          { name: "temp" },
          { name: "state", categories: ["a;b, c", "off", "on"] },
          { name: "fixed", offset: 5, scale: 0 },
        ],
        labels: { column: "kind", classes: ["x", "y"] },
      },
      writing: { delimiter: ";", header: true, type: "f64" },
      source: { testShare: 0.1 },
    });
    expect(provenance["data"]).toMatchObject({ name: "t.csv", items: (ROWS * 9) / 10 });
    expect(JSON.stringify(provenance)).not.toContain(folder);
  });

  it("comes back with the same columns, in its own units, from every row", async () => {
    const encoded = await report("encode", file("t.safetensors"), "--data", file("t.csv"), "-o", file("t.isth"));
    // Two numbers as float32 and one category in a byte.
    expect(encoded).toMatchObject({ items: ROWS, rawBytes: ROWS * 9 });
    await report("decode", file("t.safetensors"), file("t.isth"), "-o", file("t2.csv"));
    const options = { delimiter: ";", categorical: ["state"] };
    const back = readCsv(await readFile(file("t2.csv")), options);
    expect(back.columns.map(({ name }) => name)).toEqual(["temp", "state", "fixed"]);
    expect(back.rows).toBe(ROWS);
    expect([...back.columns[2]!.values]).toEqual(Array.from({ length: ROWS }, () => 5));
    const [temps, states] = [back.columns[0]!, back.columns[1]!];
    // A tenth of the temperature's deviation, 5 / sqrt(2).
    expect(
      rms(
        temps.values,
        Array.from({ length: ROWS }, (_, row) => temp(row)),
      ),
    ).toBeLessThan(0.1 * 5 * Math.SQRT1_2);
    const names = (states as { categories: readonly string[] }).categories;
    const right = Array.from(states.values).filter((category, row) => names[category] === state(row)).length;
    expect(right).toBe(ROWS);
  });

  it("comes back as numbers where an array is asked for, categories by their place", async () => {
    await report("decode", file("t.safetensors"), file("t.isth"), "-o", file("t.npy"));
    const { type, shape, values } = await array("t.npy");
    expect({ type, shape }).toEqual({ type: "f64", shape: [ROWS, 3] });
    expect(Array.from(values as Float64Array).filter((_, at) => at % 3 === 1)).toEqual(
      Array.from({ length: ROWS }, (_, row) => ["a;b, c", "off", "on"].indexOf(state(row))),
    );
  });

  it("is read with its columns in any order, and others beside them", async () => {
    const moved = ["fixed;extra;state;temp", `5;-;on;${temp(0).toFixed(3)}`].join("\n");
    await put("moved.csv", moved);
    const one = await report("encode", file("t.safetensors"), "--data", file("moved.csv"), "-o", file("moved.isth"));
    expect(one.items).toBe(1);
    await report("encode", file("t.safetensors"), "--data", file("t.csv"), "--range", "0:1", "-o", file("first.isth"));
    expect(await readFile(file("moved.isth"))).toEqual(await readFile(file("first.isth")));
  });

  it("gives eval the training's test part, whatever the seed was", async () => {
    const evaluated = await report("eval", file("t.safetensors"), "--data", file("t.csv"));
    expect(evaluated.items).toBe(ROWS / 10);
    expect(evaluated.squaredError).toBe(trained.test.squaredError);
    expect((await report("eval", file("t.safetensors"), "--data", file("t.csv"), "--split", "all")).items).toBe(ROWS);
  });

  it("is drawn from a VAE's prior in its own units", async () => {
    await report(
      "train",
      "vae",
      "--data",
      file("t.csv"),
      ...columns,
      ...QUICK,
      "--latent",
      "2",
      "-o",
      file("v.safetensors"),
    );
    await report("sample", file("v.safetensors"), "-n", "7", "-o", file("s.csv"));
    const drawn = readCsv(await readFile(file("s.csv")), { delimiter: ";", categorical: ["state"] });
    expect(drawn.columns.map(({ name }) => name)).toEqual(["temp", "state", "fixed"]);
    const temps = [...drawn.columns[0]!.values] as number[];
    expect(temps).toHaveLength(7);
    for (const value of temps) expect(Math.abs(value - 20)).toBeLessThan(40);
  });

  it("gives a conditional model as many labels as it has, and must have them again", async () => {
    const out = file("c.safetensors");
    await report("train", "conditional-vae", "--data", file("t.csv"), ...columns, ...QUICK, "--latent", "2", "-o", out);
    expect((await model("c.safetensors")).config["classes"]).toBe(2);
    expect((await report("eval", out, "--data", file("t.csv"))).items).toBe(ROWS / 10);
    await put("unlabelled.csv", ["temp;state;fixed", ...Array.from({ length: 9 }, () => "20;on;5")].join("\n"));
    const told = "a conditional-vae is told labels, and unlabelled.csv has none; name their column with --label-column";
    expect(await complaint("eval", out, "--data", file("unlabelled.csv"), "--split", "all")).toContain(told);
    const train = ["train", "conditional-vae", "-o", file("no.safetensors")];
    const unlabelled = ["--data", file("unlabelled.csv"), "--delimiter", ";", "--categorical", "state"];
    expect(await complaint(...train, ...unlabelled)).toContain(told);
    expect(await complaint(...train, "--data", file("t.csv"), ...columns, "--classes", "1")).toBe(
      "the model knows 1 labels, 0 to 0; t.csv has label 1",
    );
  });

  it("standardised another way is another model to the stream", async () => {
    await train("t.csv", "range.safetensors", ...columns, "--latent", "4", "--standardise", "range");
    const line = await complaint("decode", file("range.safetensors"), file("t.isth"), "-o", file("no.csv"));
    expect(line).toMatch(/t\.isth: .*made by model [0-9a-f]{16}.*\[BITSTREAM_MODEL\]$/);
  });

  it.each([
    ["time;temp;state;fixed\n1;2;on\n", "row 1 (line 2): expected 4 fields, got 3 [DATA_CSV]"],
    [
      "temp;state;fixed\n1;on;5\nwarm;on;5\n",
      'row 2 (line 3), column "temp": expected a number, got "warm" [DATA_CSV]',
    ],
    ["temp;state;fixed\n1;on;5\n;on;5\n", 'row 2 (line 3), column "temp": the value is missing [DATA_TABLE]'],
    [
      "temp;state;fixed\n1;ajar;5\n",
      'row 1 (line 2), column "state": expected one of "a;b, c", "off", "on", got "ajar" [DATA_TABLE]',
    ],
    ["temp;fixed\n1;5\n", 'no column "state"; it has "temp", "fixed" [DATA_CSV]'],
    ["", "no rows [DATA_CSV]"],
  ])("that is wrong is told in one line: %j", async (text, expected) => {
    const path = await put("wrong.csv", text);
    const line = await complaint("encode", file("t.safetensors"), "--data", path, "-o", file("no.isth"));
    expect(line).toBe(`${path}: ${expected}`);
  });
});

describe("a table with holes", async () => {
  const rows = Array.from(
    { length: 100 },
    (_, row) => `${row % 10 === 3 ? "NA" : row},${row % 10 === 5 ? "" : row * 2}`,
  );
  await put("holes.csv", ["a,b", ...rows].join("\n"));

  it("is refused unless it is said what to do about them", async () => {
    const line = await complaint("train", "ae", "--data", file("holes.csv"), "-o", file("no.safetensors"));
    expect(line).toBe(`${file("holes.csv")}: row 4 (line 5), column "a": the value is missing [DATA_TABLE]`);
  });

  it("is filled with means, which the model keeps for encoding", async () => {
    await train("holes.csv", "mean.safetensors", "--missing", "mean", "--latent", "2");
    expect((await model("mean.safetensors")).data!.reading).toMatchObject({ missing: "mean" });
    const { items } = await report(
      "encode",
      file("mean.safetensors"),
      "--data",
      file("holes.csv"),
      "-o",
      file("h.isth"),
    );
    expect(items).toBe(100);
  });

  it("is read without these rows", async () => {
    await train("holes.csv", "drop.safetensors", "--missing", "drop", "--latent", "2");
    const { items } = await report(
      "encode",
      file("drop.safetensors"),
      "--data",
      file("holes.csv"),
      "-o",
      file("h.isth"),
    );
    expect(items).toBe(80);
  });
});

describe("a series", async () => {
  const ROWS = 250;
  const rows = Array.from({ length: ROWS }, (_, row) => `${Math.sin(row / 5).toFixed(4)}\t${(row % 20).toFixed(1)}`);
  await put("s.tsv", ["wave\tsaw", ...rows].join("\n"));
  const trained = await train(
    "s.tsv",
    "s.safetensors",
    "--window",
    "20",
    "--stride",
    "3",
    "--latent",
    "5",
    "--test-share",
    "0.2",
  );

  it("is cut into windows that overlap, the end of it held out", async () => {
    // 200 rows: (200 - 20) / 3 + 1 windows; 50 rows: 10 more steps of 3.
    expect((await model("s.safetensors")).provenance["data"]).toMatchObject({ items: 61 });
    expect(trained.test.items).toBe(11);
    expect((await model("s.safetensors")).config["inputShape"]).toEqual([20, 2]);
  });

  it("is encoded without overlap and joined again, every row", async () => {
    const encoded = await report("encode", file("s.safetensors"), "--data", file("s.tsv"), "-o", file("s.isth"));
    expect(encoded.items).toBe(13);
    await report("decode", file("s.safetensors"), file("s.isth"), "-o", file("s2.csv"));
    const text = await readFile(file("s2.csv"), "utf8");
    expect(text.startsWith("wave\tsaw\n")).toBe(true);
    expect(text.trim().split("\n")).toHaveLength(1 + ROWS);
    // Two streams one after the other are two series one after the other.
    const stream = await readFile(file("s.isth"));
    await put("twice.isth", Buffer.concat([stream, stream]));
    await report("decode", file("s.safetensors"), file("twice.isth"), "-o", file("twice.npy"));
    const { shape, values } = await array("twice.npy");
    expect(shape).toEqual([2 * ROWS, 2]);
    expect(values.slice(2 * ROWS)).toEqual(values.slice(0, 2 * ROWS));
    const part = await report(
      "encode",
      file("s.safetensors"),
      "--data",
      file("s.tsv"),
      "--range",
      "0:3",
      "-o",
      file("p.isth"),
    );
    expect(part.items).toBe(3);
    await report("decode", file("s.safetensors"), file("p.isth"), "-o", file("part.npy"));
    expect((await array("part.npy")).shape).toEqual([60, 2]);
  });

  it("may come as an array of one column or more", async () => {
    const wave = Float64Array.from({ length: 120 }, (_, row) => Math.sin(row / 4));
    await put("wave.npy", writeNpy({ shape: [120], values: wave }));
    await train("wave.npy", "wave.safetensors", "--window", "10", "--stride", "1", "--latent", "3");
    await report("encode", file("wave.safetensors"), "--data", file("wave.npy"), "-o", file("wave.isth"));
    await report("decode", file("wave.safetensors"), file("wave.isth"), "-o", file("wave2.npy"));
    expect(await array("wave2.npy")).toMatchObject({ type: "f64", shape: [120, 1] });
  });

  it("too short for its window is refused", async () => {
    await put("short.csv", "a\n1\n2\n3\n");
    const line = await complaint(
      "train",
      "ae",
      "--data",
      file("short.csv"),
      "--window",
      "4",
      "-o",
      file("no.safetensors"),
    );
    expect(line).toBe(`${file("short.csv")}: 3 rows or items are too few for a training and a test part of at least 4`);
  });
});

describe("arrays", () => {
  it("of rows are tables: the same type comes back", async () => {
    const values = Float32Array.from({ length: 300 }, (_, at) => (at % 3) * 100 + Math.floor(at / 3));
    await put("rows.npy", writeNpy({ shape: [100, 3], values }));
    await train("rows.npy", "rows.safetensors", "--latent", "2");
    await report("encode", file("rows.safetensors"), "--data", file("rows.npy"), "-o", file("rows.isth"));
    await report("decode", file("rows.safetensors"), file("rows.isth"), "-o", file("rows2.npy"));
    expect(await array("rows2.npy")).toMatchObject({ type: "f32", shape: [100, 3] });
    await report("decode", file("rows.safetensors"), file("rows.isth"), "-o", file("rows2.csv"));
    expect((await readFile(file("rows2.csv"), "utf8")).split("\n")[0]).toBe("1,2,3");
  });

  it("of bytes are images, whether NPY or IDX, and come back as bytes", async () => {
    const { values } = take(sprites({ items: 60 }), 0, 60);
    const pixels = (values as Uint8Array).slice();
    await put("images.npy", writeNpy({ shape: [60, 32, 32], values: pixels }));
    await put("images.idx.gz", gzipSync(writeIdx({ type: "u8", shape: [60, 32, 32], values: pixels })));
    const trained = await train("images.npy", "images.safetensors", "--latent", "4");
    expect(trained.test.convention).toMatch(/Bernoulli/);
    for (const name of ["images.npy", "images.idx.gz"]) {
      const { items } = await report(
        "encode",
        file("images.safetensors"),
        "--data",
        file(name),
        "-o",
        file(`${name}.isth`),
      );
      expect(items).toBe(60);
    }
    expect(await readFile(file("images.npy.isth"))).toEqual(await readFile(file("images.idx.gz.isth")));
    await report("decode", file("images.safetensors"), file("images.npy.isth"), "-o", file("images2.npy"));
    expect(await array("images2.npy")).toMatchObject({ type: "u8", shape: [60, 32, 32] });
    await report("decode", file("images.safetensors"), file("images.npy.isth"), "-o", file("images2.png"));
    expect((await readFile(file("images2.png"))).subarray(1, 4).toString()).toBe("PNG");
    expect((await report("eval", file("images.safetensors"), "--data", "sprites")).items).toBe(864);
  });

  it.each([
    [
      "cut.npy",
      writeNpy({ shape: [4], values: Float32Array.of(1, 2, 3, 4) }).subarray(0, 130),
      /cut\.npy: expected 144 bytes .*\[DATA_NPY\]$/,
    ],
    [
      "one.npy",
      writeNpy({ shape: [4], values: Float32Array.of(1, 2, 3, 4) }),
      /one\.npy: expected an array \[items, \.\.\.\], got \[4\]; a series takes --window$/,
    ],
    [
      "nan.npy",
      writeNpy({ shape: [4, 1], values: Float32Array.of(1, 2, Number.NaN, 4) }),
      /nan\.npy: row 3, column "1": the value is missing \[DATA_TABLE\]$/,
    ],
    [
      "inf.npy",
      writeNpy({ shape: [4, 1], values: Float32Array.of(1, 2, Infinity, 4) }),
      /inf\.npy: row 3, column "1": expected a finite number, got Infinity \[DATA_TABLE\]$/,
    ],
    ["junk.gz", gzipSync(new Uint8Array(50)), /junk\.gz: unknown type code 0 .*\[DATA_IDX\]$/],
    [
      "x.png",
      encodePng({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4) }),
      /x\.png looks like PNG; expected CSV, NPY, IDX or a folder of pictures$/,
    ],
    ["bin.csv", Uint8Array.of(1, 0xff, 3), /bin\.csv: expected UTF-8 text \[DATA_CSV\]$/],
  ] as const)("and files that are wrong are told in one line: %s", async (name, bytes, message) => {
    await put(name, bytes);
    expect(await complaint("train", "ae", "--data", file(name), "-o", file("no.safetensors"))).toMatch(message);
  });
});

describe("a folder of pictures", async () => {
  const drawn = sprites({ items: 40 });
  for (let item = 0; item < 40; item++) {
    const data = take(drawn, item, item + 1).values as Uint8Array;
    const kind = drawn.classNames![drawn.labels![item]!]!;
    await put(
      `pictures/${kind}/${String(item).padStart(2, "0")}.png`,
      encodePng({ width: 32, height: 32, channels: 1, depth: 8, data }),
    );
  }

  it("is trained on, with its folders for labels, and read again by the model's own size", async () => {
    await train("pictures", "p.safetensors", "--grey", "--image-size", "16", "--folder-labels", "--latent", "3");
    const { data, config } = await model("p.safetensors");
    expect(config["inputShape"]).toEqual([16, 16, 1]);
    expect(data!.item).toEqual({
      kind: "images",
      width: 16,
      height: 16,
      channels: 1,
      labels: { column: "folder", classes: ["ellipse", "heart", "square"] },
    });
    const { items } = await report("encode", file("p.safetensors"), "--data", file("pictures"), "-o", file("p.isth"));
    expect(items).toBe(40);
    await report("decode", file("p.safetensors"), file("p.isth"), "-o", file("p.npy"));
    expect(await array("p.npy")).toMatchObject({ type: "f32", shape: [40, 16, 16, 1] });
  });

  it("gives one more picture, by its name, the variations of the item that it is", async () => {
    const options = ["--grey", "--image-size", "16", "--latent", "3", ...QUICK];
    await report("train", "vae", "--data", file("pictures"), ...options, "-o", file("v.safetensors"));
    const variations = async (...from: readonly string[]): Promise<Buffer> => {
      await report("sample", file("v.safetensors"), "-n", "3", "--from", ...from, "-o", file("v.npy"));
      return readFile(file("v.npy"));
    };
    const names = (await readdir(file("pictures"), { recursive: true })).filter((name) => name.endsWith(".png")).sort();
    const byNumber = await variations("0", "--data", file("pictures"), "--split", "all");
    expect(await variations(file(`pictures/${names[0]!}`))).toEqual(byNumber);
    expect(await variations(file(`pictures/${names[1]!}`))).not.toEqual(byNumber);
    expect(await complaint("sample", file("v.safetensors"), "--from", "x.gif", "-o", file("v.npy"))).toBe(
      '--from expected a .png, .jpg, .jpeg, .webp or the number of an item, got "x.gif"',
    );
  });

  it("names the picture that is wrong", async () => {
    await put("broken/a.png", "no picture");
    const line = await complaint("train", "ae", "--data", file("broken"), "-o", file("no.safetensors"));
    expect(line).toMatch(/broken\/a\.png: cannot be read as a picture \(.*\) \[DATA_IMAGES\]$/);
  });
});

it("sprites are divided, drawn in another size, and by chosen factors", async () => {
  const small = ["--data", "sprites", "--factors", "x=4,y=4,rotation=1", "--image-size", "64", "--test-share", "0.25"];
  const { test } = await report("train", "ae", ...small, ...QUICK, "--latent", "2", "-o", file("sprites.safetensors"));
  expect(test.items).toBe((3 * 4 * 4 * 4) / 4);
  expect((await model("sprites.safetensors")).config["inputShape"]).toEqual([64, 64, 1]);
  expect((await report("eval", file("sprites.safetensors"), ...small, "--split", "all")).items).toBe(3 * 4 * 4 * 4);
});

describe("eval --disentanglement", () => {
  const small = ["--data", "sprites", "--factors", "size=2,x=5,y=5,rotation=1", "--split", "all"];
  const measured = (path: string, ...args: string[]) => report("eval", file(path), ...args, "--disentanglement");

  it("scores latents by the factors that vary", async () => {
    await report(
      "train",
      "vae",
      ...small.slice(0, 4),
      ...QUICK,
      "--latent",
      "3",
      "-o",
      file("sprites-vae.safetensors"),
    );
    const { disentanglement: scores } = await measured("sprites-vae.safetensors", ...small);
    expect(scores.factors.map(({ name }: { name: string }) => name)).toEqual(["shape", "size", "x", "y"]);
    const gaps = scores.factors.map(({ gap }: { gap: number }) => gap);
    expect(scores.mutualInformationGap).toBeCloseTo((gaps[0] + gaps[1] + gaps[2] + gaps[3]) / 4, 12);
    for (const name of ["mutualInformationGap", "disentanglement", "completeness", "informativeness"]) {
      expect(scores[name]).toBeGreaterThanOrEqual(0);
      expect(scores[name]).toBeLessThanOrEqual(1);
    }
    const { stdout } = await isthmus(["eval", file("sprites-vae.safetensors"), ...small, "--disentanglement"]);
    expect(stdout).toContain(`mutual information gap (MIG) ${scores.mutualInformationGap.toFixed(3)}`);
    expect(stdout).toContain(`DCI: disentanglement ${scores.disentanglement.toFixed(3)}`);
  });

  it("has no MIG of a code without noise", async () => {
    await report("train", "ae", ...small.slice(0, 4), ...QUICK, "--latent", "3", "-o", file("sprites-ae.safetensors"));
    const { disentanglement: scores } = await measured("sprites-ae.safetensors", ...small);
    expect(scores).not.toHaveProperty("mutualInformationGap");
    expect(scores.informativeness).toBeGreaterThan(0.25);
  });

  it("wants factors that are known and vary", async () => {
    const complaintOf = (...args: string[]) =>
      complaint("eval", file("sprites-ae.safetensors"), ...args, "--disentanglement");
    expect(await complaintOf(...small, "--range", "0:1")).toContain("takes two values or more");
    expect(await complaintOf("--data", file("images.npy"), "--split", "all")).toContain(
      "goes with data whose factors are known",
    );
  });
});

describe("options that do not go with the data", async () => {
  await put("plain.csv", "a,b\n1,2\n3,4\n5,6\n");
  const plain = ["--data", file("plain.csv")];

  it.each([
    [["--data", "mnist", "--window", "3"], "--window goes with CSV files, NPY and IDX files only"],
    [["--data", "synthetic", "--no-header"], "--no-header goes with CSV files only"],
    [[...plain, "--image-size", "8"], "--image-size goes with folders of pictures, sprites only"],
    [[...plain, "--stride", "8"], "--stride goes with --window only"],
    [[...plain, "--columns", "a", "--categorical", "b"], "--categorical b is not among --columns"],
    [[...plain, "--columns", "a,a"], "expected names with commas between them, none twice"],
    [[...plain, "--columns", "a,c"], 'plain.csv: no column "c"; it has "a", "b" [DATA_CSV]'],
    [[...plain, "--label-column", "a", "--columns", "a"], "plain.csv: no column is left to learn from [DATA_TABLE]"],
    [[...plain, "--delimiter", "ab"], "expected one character, or tab"],
    [[...plain, "--window", "2", "--missing", "drop"], "--missing drop would tear the series of --window apart"],
    [
      [...plain, "--likelihood", "bernoulli"],
      "takes values from 0 to 1, the training part has -1.00 to 1.00; --standardise range brings them there",
    ],
    [[...plain, "--test-share", "1"], "expected a number from 0.001 to 0.9"],
    [["--data", "sprites", "--factors", "colour=2"], "expected factors among shape, size, rotation, x, y"],
    [["--data", "sprites", "--image-size", "48"], "--image-size of sprites expected 32 or 64"],
    [
      ["--data", file("not there")],
      "--data expected mnist, synthetic, sprites, cifar10, or a file or folder that exists",
    ],
  ])("%j is told in one line", async (args, expected) => {
    expect(await complaint("train", "ae", ...args, "-o", file("no.safetensors"))).toContain(expected);
  });

  it("nor with the model", async () => {
    await train("plain.csv", "plain.safetensors", "--latent", "1");
    const encode = (...args: string[]) =>
      complaint("encode", file("plain.safetensors"), ...args, "-o", file("no.isth"));
    expect(await encode("--data", "synthetic")).toBe(
      "the model was trained on a file of numbers; name one with --data in place of synthetic",
    );
    expect(await encode(...plain, "--stride", "2")).toContain("--stride: encode cuts a series without overlap");
    expect(await complaint("eval", file("plain.safetensors"), ...plain, "--stride", "2")).toContain(
      "--stride goes with models of windows only",
    );
    expect(await complaint("encode", file("plain.safetensors"), ...plain, "-o", file("plain.csv"))).toContain(
      "would replace a file that is being read",
    );
  });
});

describe("a model file whose description of the data", async () => {
  await put("d.csv", "a,b\n1,2\n3,4\n5,6\n");
  await train("d.csv", "d.safetensors", "--latent", "1");
  const sound = await model("d.safetensors");
  const spoiled = (data: object) =>
    put("spoiled.safetensors", writeModelFile({ ...sound, data: { ...sound.data!, ...data } }));

  it.each([
    ["is of another version", { version: 9 }, "version 9 is not 1 [DATA_DESCRIPTION]"],
    [
      "is of another kind",
      { item: { kind: "sound" } },
      'items of kind "sound": expected table, array, images [DATA_DESCRIPTION]',
    ],
    [
      "is not that of its items",
      { item: { kind: "images", width: 2, height: 2, channels: 1 }, reading: { fit: "crop" }, writing: {} },
      "model file: items of shape [2], their data described as [2, 2, 1] [MODEL_FILE_INVALID]",
    ],
  ])("%s is refused by name", async (_, data, expected) => {
    const path = await spoiled(data);
    const line = await complaint("encode", path, "--data", file("d.csv"), "-o", file("no.isth"));
    expect(line.startsWith(`${path}: `)).toBe(true);
    expect(line.endsWith(expected)).toBe(true);
  });
});
