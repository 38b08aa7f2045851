import { IsthmusError } from "@isthmus/math";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalJson,
  GraphBuilder,
  parseProgram,
  type Program,
  programToJson,
  serialiseProgram,
} from "../src/index.ts";
import { programs } from "./support/programs.ts";

type Loose = { [key: string]: any };

/** A program's JSON, to be spoiled. */
const jsonOf = (program: Program): Loose => JSON.parse(serialiseProgram(program)) as Loose;

function codeOf(text: string): string {
  try {
    parseProgram(text);
    return "none";
  } catch (error) {
    if (error instanceof IsthmusError) return error.code;
    throw error;
  }
}

describe.each(Object.entries(programs))("%s", (_, make) => {
  it("survives a round trip", () => {
    const program = make();
    const text = serialiseProgram(program);
    expect(parseProgram(text)).toEqual(program);
    expect(serialiseProgram(parseProgram(text))).toBe(text);
  });

  it("has the same text when it is made again", () => expect(serialiseProgram(make())).toBe(serialiseProgram(make())));
});

it("holds the text of a small program", () => {
  const build = new GraphBuilder();
  const w = build.state("w", { shape: [2], init: { kind: "uniform", limit: 0.5 } });
  const y = build.mul(build.input("x", ["batch", 2]), w);
  const text = serialiseProgram(build.program({ outputs: { y }, updates: { w: build.neg(w) } }));
  expect(text).toBe(
    '{"inputs":{"x":1},"nodes":[' +
      '{"attributes":{"name":"w","shape":[2]},"dtype":"f32","inputs":[],"name":"w","op":"state","shape":[2]},' +
      '{"attributes":{"dtype":"f32","name":"x","shape":["batch",2]},"dtype":"f32","inputs":[],"name":"x","op":"input","shape":["batch",2]},' +
      '{"attributes":{},"dtype":"f32","inputs":[1,0],"op":"mul","shape":["batch",2]},' +
      '{"attributes":{},"dtype":"f32","inputs":[0],"op":"neg","shape":[2]}],' +
      '"operations":{"input":1,"mul":1,"neg":1,"state":1},"outputs":{"y":2},' +
      '"state":{"w":{"init":{"kind":"uniform","limit":0.5},"shape":[2]}},"updates":{"w":3},"version":1}',
  );
});

describe("what is hostile", () => {
  const step = () => jsonOf(programs["trainingStep"]!());
  const nodeOf = (json: Loose, op: string): Loose => (json["nodes"] as Loose[]).find((node) => node["op"] === op)!;
  const spoil = (change: (json: Loose) => void): string => {
    const json = step();
    change(json);
    return JSON.stringify(json);
  };

  it.each<[string, string, (json: Loose) => void]>([
    ["a newer version", "GRAPH_VERSION", (json) => (json["version"] = 2)],
    ["no version", "GRAPH_VERSION", (json) => delete json["version"]],
    ["a version that is an object", "GRAPH_VERSION", (json) => (json["version"] = { toString: 1 })],
    ["a newer operation", "GRAPH_OPERATION", (json) => (json["operations"]["matmul"] = 2)],
    ["an operation nobody knows", "GRAPH_OPERATION", (json) => (json["operations"]["conv"] = 1)],
    ["an operation without version", "GRAPH_INVALID", (json) => delete json["operations"]["matmul"]],
    ["an unknown operation in a node", "GRAPH_OPERATION", (json) => (json["nodes"][0]["op"] = "constructor")],
    ["an operation that is a list", "GRAPH_OPERATION", (json) => (json["nodes"][0]["op"] = ["input"])],
    ["an operation that cannot be printed", "GRAPH_OPERATION", (json) => (json["nodes"][0]["op"] = { toString: 1 })],
    ["nodes that are none", "GRAPH_INVALID", (json) => (json["nodes"][0] = null)],
    ["a forward reference", "GRAPH_INVALID", (json) => (nodeOf(json, "cast")["inputs"] = [json["nodes"].length - 1])],
    ["a cycle", "GRAPH_INVALID", (json) => (json["nodes"][3]["inputs"] = [3])],
    ["a negative id", "GRAPH_INVALID", (json) => (nodeOf(json, "cast")["inputs"] = [-1])],
    ["a fractional id", "GRAPH_INVALID", (json) => (nodeOf(json, "cast")["inputs"] = [0.5])],
    ["too many inputs", "GRAPH_INVALID", (json) => nodeOf(json, "cast")["inputs"].push(0)],
    ["too few inputs", "GRAPH_INVALID", (json) => nodeOf(json, "matmul")["inputs"].pop()],
    ["a wrong shape", "GRAPH_INVALID", (json) => (nodeOf(json, "matmul")["shape"] = ["batch", 5])],
    ["a wrong type", "GRAPH_INVALID", (json) => (nodeOf(json, "matmul")["dtype"] = "i32")],
    ["a negative dimension", "GRAPH_INVALID", (json) => (nodeOf(json, "state")["attributes"]["shape"] = [-1])],
    ["a huge dimension", "GRAPH_INVALID", (json) => (nodeOf(json, "input")["attributes"]["shape"] = ["batch", 1e300])],
    ["huge dimensions", "GRAPH_INVALID", (json) => (nodeOf(json, "input")["attributes"]["shape"] = [2 ** 52, 2 ** 52])],
    ["nine axes", "GRAPH_INVALID", (json) => (nodeOf(json, "input")["attributes"]["shape"] = Array(9).fill(1))],
    ["an axis that does not exist", "GRAPH_INVALID", (json) => (nodeOf(json, "sum")["attributes"]["axes"] = [2])],
    ["axes that are no integers", "GRAPH_INVALID", (json) => (nodeOf(json, "sum")["attributes"]["axes"] = ["1"])],
    ["no axes", "GRAPH_INVALID", (json) => delete nodeOf(json, "sum")["attributes"]["axes"]],
    [
      "a stream that is no string",
      "GRAPH_INVALID",
      (json) => (nodeOf(json, "randomNormal")["attributes"]["stream"] = 7),
    ],
    [
      "two noises of one stream",
      "GRAPH_INVALID",
      (json) => (nodeOf(json, "randomNormal")["attributes"]["stream"] = "binarize"),
    ],
    ["a flag that is none", "GRAPH_INVALID", (json) => (nodeOf(json, "matmul")["attributes"]["transposeA"] = 0)],
    ["an attribute too many", "GRAPH_INVALID", (json) => (nodeOf(json, "matmul")["attributes"]["alpha"] = 2)],
    [
      "a decay that is no number",
      "GRAPH_INVALID",
      (json) => (nodeOf(json, "adamFirstMoment")["attributes"]["decay"] = "0.9"),
    ],
    ["more values than fit", "GRAPH_INVALID", (json) => nodeOf(json, "constant")["attributes"]["values"].push(1)],
    ["a node name that is none", "GRAPH_INVALID", (json) => (json["nodes"][0]["name"] = 7)],
    ["an input that is left out", "GRAPH_INVALID", (json) => delete json["inputs"]["x"]],
    ["an input too many", "GRAPH_INVALID", (json) => (json["inputs"]["y"] = 0)],
    ["an input of another node", "GRAPH_INVALID", (json) => (json["inputs"]["x"] = json["nodes"].length - 1)],
    ["state that is left out", "GRAPH_INVALID", (json) => delete json["state"]["encoder.dense0.kernel"]],
    ["state of another shape", "GRAPH_INVALID", (json) => (json["state"]["encoder.dense0.bias"]["shape"] = [4])],
    ["state with a batch", "GRAPH_INVALID", (json) => (json["state"]["encoder.dense0.bias"]["shape"] = ["batch"])],
    ["a limit below zero", "GRAPH_INVALID", (json) => (json["state"]["encoder.dense0.bias"]["init"]["limit"] = -1)],
    [
      "an unknown initialiser",
      "GRAPH_INVALID",
      (json) => (json["state"]["encoder.dense0.bias"]["init"] = { kind: "toString" }),
    ],
    ["an update of nothing", "GRAPH_INVALID", (json) => (json["updates"]["hasOwnProperty"] = 0)],
    ["an update of another shape", "GRAPH_INVALID", (json) => (json["updates"]["encoder.dense0.bias"] = json["guard"])],
    ["a guard that is no scalar", "GRAPH_INVALID", (json) => (json["guard"] = 0)],
    ["a guard that is no id", "GRAPH_INVALID", (json) => (json["guard"] = null)],
    ["outputs that are a list", "GRAPH_INVALID", (json) => (json["outputs"] = [0])],
  ])("%s is %s", (_, code, change) => expect(codeOf(spoil(change))).toBe(code));

  it("numbers beyond float64 are GRAPH_INVALID", () => {
    const text = serialiseProgram(programs["trainingStep"]!());
    expect(codeOf(text.replace('"epsilon":1e-8', '"epsilon":1e999'))).toBe("GRAPH_INVALID");
    expect(codeOf(text.replace(/"limit":[\d.]+/, '"limit":1e999'))).toBe("GRAPH_INVALID");
    expect(codeOf(text.replace('"values":[1]', '"values":[-1e999]'))).toBe("GRAPH_INVALID");
  });

  it.each(["", "null", "[]", "7", '"text"', "{", "{}", '{"version":1}', '{"version":1,"operations":{}}'])(
    "%j is refused",
    (text) => {
      expect(["GRAPH_INVALID", "GRAPH_VERSION"]).toContain(codeOf(text));
    },
  );

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("a name like %s pollutes nothing", (name) => {
    const texts = ["x", "encoder.dense0.bias", "loss", "matmul", "axes", "kind", "stream"].map((key) =>
      serialiseProgram(programs["trainingStep"]!()).replaceAll(`"${key}"`, `"${name}"`),
    );
    const codes = texts.map(codeOf);
    expect(codes.every((code) => code === "none" || code.startsWith("GRAPH_"))).toBe(true);
    if (name === "__proto__") expect(codes.slice(0, 3)).toEqual(["GRAPH_INVALID", "GRAPH_INVALID", "GRAPH_INVALID"]);
    else expect(codes.slice(0, 3)).toEqual(["none", "none", "none"]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(["shape", "version", "attributes", "op", "name", "limit"])(
    "a deep nest for %s is refused without filling the stack",
    (key) => {
      const deep = "[".repeat(200_000) + "]".repeat(200_000);
      const pattern = new RegExp(`"${key}":("[^"]*"|\\[[^\\]]*\\]|\\{[^}]*\\}|[\\d.]+)`);
      const text = serialiseProgram(programs["trainingStep"]!()).replace(pattern, `"${key}":${deep}`);
      expect(text.length).toBeGreaterThan(400_000);
      expect(codeOf(text)).toMatch(/^GRAPH_/);
    },
  );

  /** Every place in a JSON value, as the path to it. */
  function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== "object" || value === null) return [path];
    return [path, ...Object.entries(value).flatMap(([key, item]) => places(item, [...path, key]))];
  }

  const junk = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      -1,
      0.5,
      2 ** 53,
      1e308,
      "",
      "batch",
      "__proto__",
      "constructor",
      [],
      {},
      [[]],
      { toString: 0 },
    ),
    fc.integer({ min: 0, max: 60 }),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it.each(Object.entries(programs))(
    "%s with any values replaced is refused or a program that can be written again",
    (_, make) => {
      const whole = jsonOf(make());
      const paths = places(whole).filter((path) => path.length > 0);
      const change = fc.tuple(fc.constantFrom(...paths), junk, fc.boolean());
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
          const json = structuredClone(whole);
          for (const [path, value, removes] of changes) {
            const parent = path.slice(0, -1).reduce<any>((at, key) => at?.[key], json) as Loose | undefined;
            if (typeof parent !== "object" || parent === null) continue;
            if (removes) delete parent[path.at(-1)!];
            else parent[path.at(-1)!] = value;
          }
          const text = JSON.stringify(json);
          const code = codeOf(text);
          if (code === "none")
            expect(serialiseProgram(parseProgram(serialiseProgram(parseProgram(text))))).toBe(
              serialiseProgram(parseProgram(text)),
            );
          else expect(code).toMatch(/^GRAPH_(INVALID|OPERATION|VERSION)$/);
        }),
        { numRuns: 1500 },
      );
    },
  );

  it("text with any characters changed is refused or a program", () => {
    const text = serialiseProgram(programs["penalty"]!());
    const edit = fc.tuple(fc.nat(text.length - 1), fc.nat(6), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(edit, ([at, length, insert]) => {
        expect(codeOf(text.slice(0, at) + insert + text.slice(at + length))).toMatch(/^(none|GRAPH_\w+)$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("canonicalJson", () => {
  it("sorts keys, drops undefined and refuses what JSON cannot hold", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "é" }], a: true })).toBe('{"a":true,"b":[1,{"c":"é","d":null}]}');
    expect(canonicalJson({ a: undefined } as never)).toBe("{}");
    expect(canonicalJson(JSON.parse('{"__proto__":1}') as never)).toBe('{"__proto__":1}');
    for (const value of [Number.NaN, Infinity]) expect(() => canonicalJson([value])).toThrow(RangeError);
  });

  it("is JSON, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as never);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text) as never)).toBe(text);
      }),
    );
  });
});

it("programToJson names each operation's version", () => {
  expect(programToJson(programs["encoder"]!())["operations"]).toEqual({
    add: 1,
    input: 1,
    matmul: 1,
    state: 1,
    tanh: 1,
  });
});
