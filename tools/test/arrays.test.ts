import { expect, it } from "vitest";

it("typed arrays are equal where their numbers are, of one kind", () => {
  const ramp = Float32Array.from({ length: 1000 }, (_, i) => i);
  expect(ramp.slice()).toEqual(ramp);
  expect({ deep: [new Float32Array([9, ...ramp]).subarray(1)] }).toEqual({ deep: [ramp] });
  expect(ramp.with(999, 0)).not.toEqual(ramp);
  expect(ramp.subarray(1)).not.toEqual(ramp);
  expect(new Float64Array(2)).not.toEqual(new Float32Array(2));
  expect(new Float64Array(1)).not.toEqual(new Float32Array(2));
});

it("NaN is NaN, whatever its bits", () => {
  const [one, other] = [Uint32Array.of(0x7fc00000), Uint32Array.of(0x7fc00001)];
  expect(new Float32Array(one.buffer)).toEqual(new Float32Array(other.buffer));
  expect(one).not.toEqual(other);
});
