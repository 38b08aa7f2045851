import { type Buffer, buffersOf, type PlannedCall } from "./plan.ts";

/** Workspace that several buffers use one after the other, and the calls between which it is taken. */
export interface Tenancy {
  readonly buffers: Buffer[];
  readonly bytes: number;
  /** Index of the first call that uses it; -1 when the host writes it before the calls. */
  readonly first: number;
  /** Index of the last call that uses it; `Infinity` when the host reads it afterwards. */
  last: number;
}

/**
 * How long each workspace buffer is needed, and `lingering` calls more. A call's output takes over an operand's place when the operand is read
 * there for the last time and the kernel allows it.
 */
export function findTenancies(
  calls: readonly PlannedCall[],
  writtenByHost: readonly Buffer[],
  readByHost: readonly Buffer[],
  lingering: number,
): Tenancy[] {
  const last = lastUses(calls, readByHost);
  const until = (buffer: Buffer, first: number) => (last.get(buffer) ?? first) + lingering;
  const home = new Map<Buffer, Tenancy>();
  const settle = (buffer: Buffer, first: number) => {
    const tenancy = { buffers: [buffer], bytes: buffer.bytes, first, last: until(buffer, first) };
    home.set(buffer, tenancy);
  };
  writtenByHost.forEach((buffer) => settle(buffer, -1));
  for (const [index, call] of calls.entries()) {
    const left = call.overlay.find((operand) => home.has(operand) && last.get(operand) === index);
    if (left && call.output.place.kind === "workspace")
      moveIn(home, home.get(left)!, call.output, until(call.output, index));
    for (const buffer of workspaceOf(call)) if (!home.has(buffer)) settle(buffer, index);
  }
  return [...new Set(home.values())];
}

function moveIn(home: Map<Buffer, Tenancy>, tenancy: Tenancy, buffer: Buffer, last: number): void {
  tenancy.buffers.push(buffer);
  tenancy.last = last;
  home.set(buffer, tenancy);
}

function lastUses(calls: readonly PlannedCall[], readByHost: readonly Buffer[]): Map<Buffer, number> {
  const last = new Map<Buffer, number>();
  for (const [index, call] of calls.entries()) for (const buffer of workspaceOf(call)) last.set(buffer, index);
  for (const buffer of readByHost) last.set(buffer, Infinity);
  return last;
}

function workspaceOf(call: PlannedCall): Buffer[] {
  return buffersOf(call.args).filter(({ place }) => place.kind === "workspace");
}
