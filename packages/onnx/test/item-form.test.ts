import { describe, expect, test } from "vitest";
import { describeOnnx, exportModelPart, itemForm, itemsIn } from "../src/index.ts";
import { fileOfNode, node, port } from "./support/files.ts";
import { exportable, imageModels } from "./support/zoo.ts";

const foreign = (shape: readonly (number | string | null)[], elementType = 1) =>
  describeOnnx(fileOfNode(node("Relu", ["x"], ["y"]), { x: port("x", shape, elementType) }));

describe("itemForm", () => {
  test.each([
    [["n", 12], { shape: [12], layout: "rows" }],
    [["n", 8, 9, 3], { shape: [8, 9, 3], layout: "nhwc" }],
    [["n", 3, 8, 9], { shape: [8, 9, 3], layout: "nchw" }],
    [["n", 16, 8, 9], { shape: [8, 9, 16], layout: "nchw" }],
    [["n", 5, 6], { shape: [5, 6], layout: "rows" }],
  ] as const)("of a shape %j", (shape, expected) => {
    expect(itemForm(foreign(shape), "x")).toEqual({ ...expected, uint8: false, values: "the network's own numbers" });
  });

  test("of bytes; none of open axes, or of an input that is not there", () => {
    expect(itemForm(foreign(["n", 4], 2), "x")).toMatchObject({ uint8: true });
    expect(itemForm(foreign(["n", "width"]), "x")).toBeUndefined();
    expect(itemForm(foreign(["n", 4]), "z")).toBeUndefined();
  });

  test("of an exported part, as its metadata say", () => {
    const [, definition] = imageModels[0]!;
    const model = exportable(definition);
    const form = (options: object) => itemForm(describeOnnx(exportModelPart(model, "encoder", options)), "x");
    expect(form({})).toMatchObject({ shape: [7, 6, 3], layout: "rows", uint8: false });
    expect(form({ layout: "nchw", uint8: true })).toMatchObject({ shape: [7, 6, 3], layout: "nchw", uint8: true });
    const units = { offsets: [5], scales: [2] };
    expect(form({ layout: "nhwc", units })).toMatchObject({ layout: "nhwc", units });
  });
});

describe("itemsIn", () => {
  const form = { shape: [1, 2, 3], layout: "rows", uint8: false, values: "" } as const;
  const rows = Float32Array.from([1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]);

  test("as they are, and with their channels first", () => {
    expect(itemsIn(form, rows)).toEqual(rows);
    expect(itemsIn({ ...form, layout: "nhwc" }, rows)).toEqual(rows);
    const turned = [1, 4, 2, 5, 3, 6, 10, 40, 20, 50, 30, 60];
    expect([...itemsIn({ ...form, layout: "nchw" }, rows)]).toEqual(turned);
  });

  test("in the user's units, one for all or one for each feature", () => {
    const six = rows.slice(0, 6);
    expect([...itemsIn({ ...form, units: { offsets: [1], scales: [10] } }, six)]).toEqual([11, 21, 31, 41, 51, 61]);
    const units = { offsets: [0, 0, 0, 100, 0, 0], scales: [1, 2, 1, 0, 1, 1] };
    expect([...itemsIn({ ...form, units }, six)]).toEqual([1, 4, 3, 100, 5, 6]);
  });

  test("as bytes, the nearest", () => {
    const shares = Float32Array.from([0, 1, 0.5, 127 / 255, -1, 7]);
    expect(itemsIn({ ...form, uint8: true }, shares)).toEqual(Uint8Array.from([0, 255, 128, 127, 0, 255]));
  });
});
