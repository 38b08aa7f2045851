import type { Metrics } from "./metrics.ts";

/** After each step. */
export interface StepEvent {
  /** 1 .. epochs. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps since the first epoch began, 1 .. steps; a resumed run goes on counting. */
  readonly step: number;
  /** Steps of all epochs. */
  readonly steps: number;
  /** This batch's loss: nats per example. */
  readonly loss: number;
  /** Items per second since this epoch began. */
  readonly itemsPerSecond: number;
  /** Seconds until the last step at that rate; evaluations and checkpoints come on top. */
  readonly etaSeconds: number;
}

/** What one epoch came to. */
export interface EpochRecord {
  /** 1, 2, ... */
  readonly epoch: number;
  /** Means of the training outputs while the parameters moved. */
  readonly train: Metrics;
  /** Metrics on the test data with the epoch's last parameters. */
  readonly test?: Metrics;
  /** Training and evaluation, wall clock. */
  readonly seconds: number;
}

/** After each epoch, when its checkpoint is stored. */
export interface EpochEvent extends EpochRecord {
  readonly epochs: number;
}
