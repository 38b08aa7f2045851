import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Of Linux, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Whether the system tells what a process uses. */
export function tellsUse(): boolean {
  return existsSync("/proc/self/stat");
}

/** Seconds of processor time that a process and those it started, and that still run, took so far on all their threads. */
export function cpuSecondsOf(pid: number): number {
  return familyOf(pid).reduce((sum, one) => sum + one.ticks / TICKS_PER_SECOND, 0);
}

/** MiB that a process and those it started have in the machine's memory; what they share is counted for each. */
export function residentMiB(pid: number): number {
  return familyOf(pid).reduce((sum, one) => sum + residentKiB(one.pid) / 1024, 0);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function familyOf(pid: number): Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? []);
  const below = (parent: number): Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return [...all.filter((one) => one.pid === pid), ...below(pid)];
}

/** `undefined` when it is gone by now. */
function processOf(pid: number): Process | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // Behind the name in brackets, which may hold anything: state is the 3rd field, the parent the 4th, user and system time 14th and 15th.
  const fields = stat
    .replace(/^.*\) /s, "")
    .split(" ")
    .map(Number);
  return { pid, parent: fields[1]!, ticks: fields[11]! + fields[12]! };
}

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1] ?? 0);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
