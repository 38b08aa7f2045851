import { uint32Sequence } from "@isthmus/math";
import type { ShuffleOptions } from "./shuffle.ts";

/** What may be wrong with a machine. */
export const MACHINE_FAULTS = ["bearing", "imbalance", "worn tooth", "missing pulse"] as const;
export type MachineFault = (typeof MACHINE_FAULTS)[number];

export interface MachineSoundOptions {
  /** Which machine, a whole number >= 0: its speed, teeth, resonances and loudness are its own. */
  readonly machine: number;
  /** Which of its recordings, a whole number >= 0: load, speed, noise and microphone differ. */
  readonly recording: number;
  /** Above 0, at most 3600. Default: 4. */
  readonly seconds?: number;
  /** Default: a healthy machine. */
  readonly fault?: MachineFault;
  /** Of the fault, from 0, at which the sound is the healthy one, on. Default: 1. */
  readonly strength?: number;
  /** 64 bits. Default: 0. */
  readonly seed?: ShuffleOptions["seed"];
}

/** Samples per second. */
export const MACHINE_SAMPLE_RATE = 16_000;

/**
 * The sound of a rotating machine, made by code: float32, {@link MACHINE_SAMPLE_RATE} a second, mostly within [-1, 1].
 *
 * A shaft of 22 to 34 Hz that wanders and slows under load, with four harmonics; a gear of 19 to 31 teeth with three harmonics of its mesh,
 * louder under load; 2 to 4 pulses in each turn that ring at 500 to 1100 Hz for 6 ms; noise of the room, tilted towards low frequencies,
 * whose level differs by 6 dB between recordings. Load changes about once a second. A fault at strength s
 *
 * | fault | adds |
 * |---|---|
 * | `bearing` | impacts, 3.1 to 4.7 in each turn, 0.3 s of a pulse's height, that ring at 2.4 to 4.2 kHz for 1.5 ms |
 * | `imbalance` | s times the shaft's own amplitude, at its frequency |
 * | `worn tooth` | for one tooth of each turn, 2 s times the mesh's amplitude |
 * | `missing pulse` | every pulse fails to come with probability min(0.3 s, 1) |
 *
 * A pure function of its options.
 *
 * @throws RangeError an option out of range
 */
export function machineSound(options: MachineSoundOptions): Float32Array {
  const { machine, recording, seconds = 4, fault, strength = 1, seed = 0 } = options;
  for (const [name, value] of Object.entries({ machine, recording })) {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(`"${name}" expected a whole number >= 0, got ${value}`);
    }
  }
  if (!(seconds > 0 && seconds <= 3600))
    throw new RangeError(`"seconds" expected a number in (0, 3600], got ${seconds}`);
  if (!(strength >= 0 && strength < Infinity))
    throw new RangeError(`"strength" expected a number >= 0, got ${strength}`);
  if (fault !== undefined && !MACHINE_FAULTS.includes(fault)) {
    throw new RangeError(`"fault" expected one of ${MACHINE_FAULTS.join(", ")}, got ${String(fault)}`);
  }
  const uniforms = (what: string, step: number): Uniform => {
    const draw = uint32Sequence({ seed, stream: `data.machine-sounds.${what}`, step });
    return (low, high) => low + (high - low) * (draw() * 2 ** -32);
  };
  const built = machineOf(uniforms("machine", machine));
  const faults = { ...NO_FAULT, ...(fault && { [fault]: strength }) };
  const ofRecording = (what: string): Uniform => uniforms(`${machine}.${what}`, recording);
  return soundOf(built, Math.round(seconds * MACHINE_SAMPLE_RATE), faults, {
    life: ofRecording("life"),
    noise: ofRecording("noise"),
    failures: ofRecording("failures"),
  });
}

/** A number in [low, high). */
type Uniform = (low: number, high: number) => number;

type Faults = Readonly<Record<MachineFault, number>>;
const NO_FAULT: Faults = { bearing: 0, imbalance: 0, "worn tooth": 0, "missing pulse": 0 };

interface Machine {
  /** Turns per second. */
  readonly speed: number;
  readonly teeth: number;
  /** In each turn. */
  readonly pulses: number;
  /** Amplitudes of the shaft's frequency and its multiples. */
  readonly shaft: readonly number[];
  /** The same of the mesh. */
  readonly mesh: readonly number[];
  /** Hz. */
  readonly pulseTone: number;
  /** Impacts of a damaged bearing in each turn. */
  readonly impacts: number;
  /** Hz. */
  readonly bearingTone: number;
}

function machineOf(uniform: Uniform): Machine {
  return {
    speed: uniform(22, 34),
    teeth: Math.floor(uniform(19, 32)),
    pulses: Math.floor(uniform(2, 5)),
    shaft: [0.1, 0.06, 0.04, 0.02].map((amplitude) => amplitude * uniform(0.5, 1.5)),
    mesh: [0.06, 0.03, 0.015].map((amplitude) => amplitude * uniform(0.5, 1.5)),
    pulseTone: uniform(500, 1100),
    impacts: uniform(3.1, 4.7),
    bearingTone: uniform(2400, 4200),
  };
}

/** What each part of a recording is drawn from: a fault moves none of the others' numbers. */
interface Draws {
  readonly life: Uniform;
  readonly noise: Uniform;
  readonly failures: Uniform;
}

const PULSE = 0.25;
const PULSE_SECONDS = 6e-3;
const IMPACT_SECONDS = 1.5e-3;
/** Samples for which load and speed stay as they are: 10 ms. */
const STEP = 160;
/** How much of its distance to its goal load goes in a step. */
const SETTLING = 0.1;

function soundOf(machine: Machine, samples: number, faults: Faults, { life, noise, failures }: Draws): Float32Array {
  const decibels = (low: number, high: number): number => 10 ** (life(low, high) / 20);
  const microphone = decibels(-2, 2);
  const room = new Room(0.012 * decibels(-3, 3), noise);
  const running = new Running(machine.speed * life(0.97, 1.03), life);
  const pulse = new Ringing(machine.pulseTone, PULSE_SECONDS);
  const impact = new Ringing(machine.bearingTone, IMPACT_SECONDS);
  const sound = new Float32Array(samples);
  let turn = life(0, 1);
  for (let i = 0; i < samples; i++) {
    if (i % STEP === 0) running.goOn();
    const { load, speed } = running;
    const before = turn;
    turn += speed / MACHINE_SAMPLE_RATE;
    const comes = passed(machine.pulses, before, turn) && !(failures(0, 1) < 0.3 * faults["missing pulse"]);
    const struck = faults.bearing > 0 && passed(machine.impacts, before, turn);
    const share = turn - Math.floor(turn);
    const angle = 2 * Math.PI * share;
    const shaft = harmonics(machine.shaft, angle) + faults.imbalance * machine.shaft[0]! * Math.sin(angle);
    const worn = share * machine.teeth < 1 ? 1 + 2 * faults["worn tooth"] : 1;
    const mesh = load * worn * harmonics(machine.mesh, machine.teeth * angle);
    const ringing = pulse.next(comes ? PULSE * load : 0) + impact.next(struck ? 0.3 * PULSE * faults.bearing : 0);
    sound[i] = microphone * (shaft + mesh + ringing + room.next());
  }
  return sound;
}

/** Whether something that happens so often in each turn does so between two moments. */
function passed(inEachTurn: number, before: number, now: number): boolean {
  return Math.floor(inEachTurn * now) > Math.floor(inEachTurn * before);
}

/** Load and speed, from step to step. */
class Running {
  load = 0.7;
  /** Turns per second. */
  speed = 0;
  private readonly pace: number;
  private readonly life: Uniform;
  private goal = 0.7;
  private wander = 0;

  constructor(pace: number, life: Uniform) {
    this.pace = pace;
    this.life = life;
  }

  goOn(): void {
    if (this.life(0, 1) < STEP / MACHINE_SAMPLE_RATE) this.goal = this.life(0.4, 1);
    this.load += SETTLING * (this.goal - this.load);
    this.wander += SETTLING * (this.life(-1, 1) - this.wander);
    this.speed = this.pace * (1.02 - 0.03 * this.load) * (1 + 0.01 * this.wander);
  }
}

/** White noise and two low-passed copies of it. */
class Room {
  private readonly level: number;
  private readonly noise: Uniform;
  private fast = 0;
  private slow = 0;

  constructor(level: number, noise: Uniform) {
    this.level = level;
    this.noise = noise;
  }

  next(): number {
    const white = this.noise(-1, 1);
    this.fast += 0.5 * (white - this.fast);
    this.slow += 0.05 * (white - this.slow);
    return this.level * (white + 2 * this.fast + 6 * this.slow);
  }
}

/** The sum of amplitudes[k] sin((k + 1) angle). */
function harmonics(amplitudes: readonly number[], angle: number): number {
  const twice = 2 * Math.cos(angle);
  let before = 0;
  let sine = Math.sin(angle);
  let sum = 0;
  for (let k = 0; k < amplitudes.length; k++) {
    sum += amplitudes[k]! * sine;
    const next = twice * sine - before;
    before = sine;
    sine = next;
  }
  return sum;
}

/** A resonator: an impulse of 1 rings with amplitude 1 at `hertz`, and falls to 1 / e in `seconds`. */
class Ringing {
  private readonly back: number;
  private readonly farther: number;
  private readonly gain: number;
  private last = 0;
  private before = 0;

  constructor(hertz: number, seconds: number) {
    const [radius, angle] = [
      Math.exp(-1 / (seconds * MACHINE_SAMPLE_RATE)),
      (2 * Math.PI * hertz) / MACHINE_SAMPLE_RATE,
    ];
    this.back = 2 * radius * Math.cos(angle);
    this.farther = -radius * radius;
    this.gain = Math.sin(angle);
  }

  next(struck: number): number {
    const value = this.back * this.last + this.farther * this.before + this.gain * struck;
    this.before = this.last;
    this.last = value;
    return value;
  }
}
