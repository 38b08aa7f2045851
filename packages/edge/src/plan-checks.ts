import { IsthmusError } from "@isthmus/math";
import type { Plan, PlanWindow } from "./plan.ts";

/** The most memory of a plan: what a frame of the largest picture needs is far below. */
const MAX_MEMORY = 2 ** 30;
/** Of sizes, strides and dilations: positions on an image stay within int32. */
const MAX_SIDE = 2 ** 15;
const MAX_CHANNELS = 2 ** 16;

/**
 * What all plans have in common: their form, their version, and a memory that holds their constants.
 *
 * @throws IsthmusError `PLAN_VERSION`, `PLAN_INVALID`
 */
export function checkMemory(plan: Plan, expected: number): Extent {
  requireObject("plan", plan);
  const { version, constants, memoryBytes } = plan;
  if (version !== expected) {
    throw new IsthmusError("PLAN_VERSION", `plan: version ${version}; this runtime runs version ${expected}`, {
      version,
    });
  }
  requireForm(plan);
  requireWhole("memoryBytes", memoryBytes, 0, MAX_MEMORY);
  requireThat(memoryBytes % 4 === 0, `"memoryBytes" expected a multiple of 4, got ${memoryBytes}`);
  requireThat(constants.length <= memoryBytes, `${constants.length} bytes of constants in a memory of ${memoryBytes}`);
  return new Extent(constants.length, memoryBytes);
}

/** What came out of a file may be anything: objects and arrays where they are looked into. */
function requireForm({ constants, input, outputs, calls }: Plan): void {
  requireThat(constants instanceof Uint8Array, `"constants" expected bytes`);
  requireObject("input", input);
  requireThat(Array.isArray(outputs) && Array.isArray(calls), `"outputs" and "calls" expected arrays`);
  outputs.forEach((output, index) => {
    requireObject(`output ${index}`, output);
    requireThat(typeof output.name === "string", `output ${index}: "name" expected a string`);
  });
  calls.forEach((call, index) => requireObject(`call ${index}`, call));
}

function requireObject(what: string, value: unknown): void {
  requireThat(typeof value === "object" && value !== null, `${what} expected an object, got ${String(value)}`);
}

const SIDES = [
  ...(["height", "width", "yHeight", "yWidth", "rows", "columns"] as const),
  ...(["rowStride", "columnStride", "rowDilation", "columnDilation"] as const),
] as const satisfies readonly (keyof PlanWindow)[];

export function checkWindow(where: string, window: PlanWindow): void {
  requireObject(`${where}: window`, window);
  for (const field of SIDES) requireWhole(`${where}: ${field}`, window[field], 1, MAX_SIDE);
  for (const field of ["channels", "yChannels"] as const) {
    requireWhole(`${where}: ${field}`, window[field], 1, MAX_CHANNELS);
  }
  for (const field of ["top", "left"] as const) requireWhole(`${where}: ${field}`, window[field], 0, MAX_SIDE);
}

export function imageLength({ height, width, channels }: PlanWindow): number {
  return height * width * channels;
}

export type Place = readonly [address: number, length: number];

/** What a kernel reads while it writes must not be what it writes. */
export function requireApart(where: string, places: readonly Place[]): void {
  // Hermes has no toSorted.
  const sorted = [...places].sort(([a], [b]) => a - b);
  const touch = sorted.some(([address, length], i) => i + 1 < sorted.length && address + length > sorted[i + 1]![0]);
  requireThat(!touch, `${where}: what it reads and writes overlaps`);
}

/** What lies where in the memory. */
export class Extent {
  private readonly constants: number;
  private readonly bytes: number;

  constructor(constants: number, bytes: number) {
    this.constants = constants;
    this.bytes = bytes;
  }

  constant(where: string, address: number, length: number): void {
    within(where, address, length, 0, this.constants);
  }

  workspace(where: string, address: number, length: number): void {
    within(where, address, length, this.constants, this.bytes);
  }

  /** Of the workspace, of four bytes each. */
  words(where: string, address: number, length: number): void {
    requireWords(where, address);
    this.workspace(where, address, 4 * length);
  }

  constantWords(where: string, address: number, length: number): void {
    requireWords(where, address);
    this.constant(where, address, 4 * length);
  }

  /** Among the constants or in the workspace. */
  anyWords(where: string, address: number, length: number): void {
    requireWords(where, address);
    within(where, address, 4 * length, 0, this.bytes);
  }
}

function requireWords(where: string, address: number): void {
  requireThat(address % 4 === 0, `${where}: the address ${address} is no multiple of 4`);
}

function within(where: string, address: number, length: number, first: number, end: number): void {
  requireWhole(`${where}: address`, address, first, end);
  requireWhole(`${where}: length in bytes`, length, 0, end - address);
}

export function requireWhole(what: string, value: number, least: number, most: number): void {
  requireThat(
    Number.isInteger(value) && value >= least && value <= most,
    `${what} expected an integer in [${least}, ${most}], got ${value}`,
  );
}

export function requireThat(holds: boolean, problem: string): void {
  if (!holds) throw invalid(problem);
}

export function invalid(problem: string): IsthmusError {
  return new IsthmusError("PLAN_INVALID", `plan: ${problem}`);
}
