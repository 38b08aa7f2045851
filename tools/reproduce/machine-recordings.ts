/** Recordings of machines, healthy and faulty, as windows of log-mel frames; `@isthmus/data` makes the sounds. */
import {
  logMelSpectrogram,
  MACHINE_FAULTS,
  MACHINE_SAMPLE_RATE,
  type MachineFault,
  machineSound,
  slidingWindows,
} from "@isthmus/data";

export const FRAMES = 5;
export const BANDS = 128;
/** Numbers of a window. */
export const WINDOW: number = FRAMES * BANDS;

/** How many recordings of each machine there are. */
export interface RecordingCounts {
  readonly machines: number;
  readonly seconds: number;
  /** All healthy. */
  readonly train: number;
  readonly validation: PartCounts;
  readonly test: PartCounts;
}

export interface PartCounts {
  readonly healthy: number;
  readonly ofEachFault: number;
}

export interface Recording {
  readonly machine: number;
  readonly fault?: MachineFault;
  /** dB of 5 frames of 128 bands, [windows, 640]; each window begins a frame after the one before. */
  readonly windows: Float32Array;
}

/** By recording: no two parts share one. */
export interface MachineRecordings {
  readonly train: readonly Recording[];
  readonly validation: readonly Recording[];
  readonly test: readonly Recording[];
}

/** Of faults: evenly between, one for each recording of a fault. */
export const STRENGTHS: readonly [weakest: number, strongest: number] = [0.25, 1.5];

export function machineRecordings({ machines, seconds, train, ...parts }: RecordingCounts): MachineRecordings {
  const all = Array.from({ length: machines }, (_, machine) => machine);
  const healthy = (machine: number, from: number, count: number): Recording[] =>
    Array.from({ length: count }, (_, i) => recorded({ machine, recording: from + i, seconds }));
  const part = (from: number, counts: PartCounts): Recording[] =>
    all.flatMap((machine) => [
      ...healthy(machine, from, counts.healthy),
      ...MACHINE_FAULTS.flatMap((fault, kind) =>
        Array.from({ length: counts.ofEachFault }, (_, i) => {
          const recording = from + counts.healthy + kind * counts.ofEachFault + i;
          const strength = STRENGTHS[0] + ((STRENGTHS[1] - STRENGTHS[0]) * (i + 0.5)) / counts.ofEachFault;
          return recorded({ machine, recording, seconds, fault, strength });
        }),
      ),
    ]);
  return {
    train: all.flatMap((machine) => healthy(machine, 0, train)),
    validation: part(10_000, parts.validation),
    test: part(20_000, parts.test),
  };
}

function recorded(options: Parameters<typeof machineSound>[0]): Recording {
  const { values, bands } = logMelSpectrogram(machineSound(options), { sampleRate: MACHINE_SAMPLE_RATE, bands: BANDS });
  const windows = slidingWindows(values, bands, { window: FRAMES, stride: 1 });
  return { machine: options.machine, ...(options.fault && { fault: options.fault }), windows };
}
