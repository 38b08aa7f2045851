import type { QueueSnapshot, Snapshot } from "./snapshot.ts";

/** What an agent says of itself, for people. */
export function statusLines(status: Snapshot): string[] {
  const { model, source, queue, send } = status;
  const refused = Object.entries(send.refused).map(([reason, count]) => `${reason} ${grouped(count)}`);
  return [
    `device    ${status.device}, running for ${duration(status.uptimeSeconds)} (isthmus-edge ${status.version}, process ${status.pid})`,
    `model     ${model ? `${model.id} (${model.kernels})` : "none yet"}`,
    `source    ${source.name}: ${grouped(source.items)} items (${rate(source.itemsPerSecond)} a second), ${grouped(source.refused)} refused, ${source.waiting} wait for a frame`,
    `encoded   ${grouped(source.rawBytes)} bytes to ${grouped(source.encodedBytes)}`,
    ...queueLines(queue),
    `lost      ${grouped(queue.dropped)} frames dropped, ${grouped(queue.damaged)} damaged on the disk, ${grouped(send.setAside)} set aside`,
    `sent      ${grouped(send.stored)} frames stored, ${grouped(send.bytes)} bytes (${rate(send.storedPerSecond)} frames, ${rate(send.bytesPerSecond)} bytes a second), ${grouped(send.duplicates)} twice`,
    `to        ${send.target}${send.nextTrySeconds === null ? "" : `, next try in ${duration(send.nextTrySeconds)}`}`,
    ...(refused.length === 0 ? [] : [`refused   ${refused.join(", ")}`]),
    ...problemLines(status),
  ];
}

export function queueLines(queue: QueueSnapshot): string[] {
  const share = ((100 * queue.bytes) / queue.limitBytes).toFixed(1);
  return [
    `queue     ${grouped(queue.frames)} frames, ${grouped(queue.bytes)} bytes (${share} % of ${grouped(queue.limitBytes)})${queue.frames === 0 ? "" : `, the oldest for ${duration(queue.oldestSeconds)}`}`,
    `sequence  ${queue.nextSequence} is next`,
  ];
}

function problemLines({ problems }: Snapshot): string[] {
  return Object.entries(problems).map(
    ([kind, { message, count, at, isSolved }]) =>
      `problem   ${kind}: ${message} (${isSolved ? "solved; " : ""}${grouped(count)} ${count === 1 ? "time" : "times"}, last ${at})`,
  );
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

function rate(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? grouped(Math.round(perSecond)) : perSecond.toPrecision(2);
}

/** Seconds as `8 s`, `1 min 40 s`, `2 h 05 min`, `3 d 4 h`. */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}
