import { UsageError } from "@isthmus/command-line/node";
import { expect, it } from "vitest";
import { picture } from "../src/pictures.ts";

it.each([[[784]], [[28, 28]], [[28, 28, 2]], [[28, 28, 4]]])("items of shape %j are the user's to know", (shape) => {
  const draw = () => picture({ shape, values: new Float32Array(28 * 28 * 4) });
  expect(draw).toThrow(UsageError);
  expect(draw).toThrow(/are not images; write .npy instead of .png/);
});
