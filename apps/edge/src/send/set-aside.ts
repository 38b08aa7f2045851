import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { realDisk, replaceFile } from "../queue/disk.ts";
import type { QueuedFrame } from "../queue/disk-queue.ts";
import type { Journal } from "../status/journal.ts";

/** So many frames are set aside; more stay in the queue. */
const MOST = 1000;

/** Writes a frame's parcel into the folder, as `<sequence>-<reason>.parcel`; whether it is there, flushed. */
export function setAsideIn(folder: string, journal: Journal): (frame: QueuedFrame, reason: string) => boolean {
  return ({ sequence, parcel }, reason) => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (readdirSync(folder).length >= MOST) {
        journal.problem("set-aside", `${folder} has ${MOST} frames already; more stay in the queue`);
        return false;
      }
      const path = join(folder, `${sequence}-${reason}.parcel`);
      replaceFile(realDisk, path, parcel);
      journal.problem("set-aside", `frame ${sequence} was set aside: ${path}`);
      return true;
    } catch (error) {
      journal.problem("set-aside", `cannot set a frame aside: ${(error as Error).message}`);
      return false;
    }
  };
}
