import { statSync } from "node:fs";
import { type Disk, realDisk } from "../../src/queue/disk.ts";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall: "write", errno: -1 });
}

/** A disk of so many bytes: what does not fit is written as far as it goes, then refused, as systems do. */
export class SmallDisk {
  room: number;
  readonly disk: Disk;

  constructor(room: number) {
    this.room = room;
    this.disk = {
      ...realDisk,
      writeSync: ((file: number, bytes: Uint8Array, from: number, length: number, position: number) => {
        const fits = Math.min(length, this.room);
        if (fits === 0) throw systemError("ENOSPC");
        this.room -= fits;
        return realDisk.writeSync(file, bytes, from, fits, position);
      }) as Disk["writeSync"],
      ftruncateSync: (file, length) => realDisk.ftruncateSync(file, length),
      unlinkSync: (path) => {
        this.room += statSync(path).size;
        realDisk.unlinkSync(path);
      },
    };
  }
}

/** A disk whose calls fail one after the other, as often as `faults` says. */
export function failingDisk(faults: { calls: number }, code = "EIO"): Disk {
  const failing = <F extends (...args: never[]) => unknown>(call: F): F =>
    ((...args: never[]) => {
      if (faults.calls-- > 0) throw systemError(code);
      return call(...args);
    }) as F;
  return {
    ...realDisk,
    writeSync: failing(realDisk.writeSync) as Disk["writeSync"],
    openSync: failing(realDisk.openSync),
    fdatasyncSync: failing(realDisk.fdatasyncSync),
  };
}
