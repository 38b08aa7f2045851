import { context2d } from "../pixels/paint.ts";
import type { Rgba } from "../pixels/planes.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Of the pad's 280 pixels: about the stroke of a digit of MNIST. */
const PEN = 22;
const STEP = 10;

export interface Pad {
  /** The drawing as it is now, ink white on black. */
  pixels(): Rgba;
  clear(): void;
  /** A picture in place of the drawing, enlarged. */
  show(picture: HTMLCanvasElement): void;
}

/** A canvas to draw on by pointer, finger and keyboard; `pen` shows where the keyboard's pen is. */
export function drawingPad(
  canvas: HTMLCanvasElement,
  pen: HTMLElement,
  { onInk, announce }: { readonly onInk: () => void; readonly announce: (text: string) => void },
): Pad {
  const context = context2d(canvas);
  const clear = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    onInk();
  };
  const line = (from: Point, to: Point) => {
    Object.assign(context, { strokeStyle: "#fff", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    onInk();
  };
  byPointer(canvas, line);
  byKeyboard(canvas, pen, { line, clear, announce });
  clear();
  return {
    clear,
    pixels: () => context.getImageData(0, 0, canvas.width, canvas.height),
    show: (picture) => {
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      onInk();
    },
  };
}

type Line = (from: Point, to: Point) => void;

function byPointer(canvas: HTMLCanvasElement, line: Line): void {
  let last: Point | undefined;
  const at = ({ offsetX, offsetY }: PointerEvent): Point => ({
    x: (offsetX / canvas.clientWidth) * canvas.width,
    y: (offsetY / canvas.clientHeight) * canvas.height,
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    line(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const one of between.length > 0 ? between : [event]) {
      const next = at(one);
      line(last, next);
      last = next;
    }
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
    canvas.addEventListener(end, () => (last = undefined));
  }
}

const DIRECTIONS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function byKeyboard(
  canvas: HTMLCanvasElement,
  pen: HTMLElement,
  { line, clear, announce }: { line: Line; clear: () => void; announce: (text: string) => void },
): void {
  let at: Point = { x: canvas.width / 2, y: canvas.height / 2 };
  let isDown = false;
  const show = () => {
    pen.hidden = false;
    pen.classList.toggle("down", isDown);
    pen.style.left = `${(100 * at.x) / canvas.width}%`;
    pen.style.top = `${(100 * at.y) / canvas.height}%`;
  };
  const place = () =>
    `${Math.round((100 * at.x) / canvas.width)} across, ${Math.round((100 * at.y) / canvas.height)} down`;
  const setDown = (down: boolean) => {
    isDown = down;
    if (down) line(at, at);
    announce(`Pen ${down ? "down" : "up"} at ${place()}`);
  };
  const move = ([x, y]: readonly [x: number, y: number]) => {
    const inside = (value: number, size: number) => Math.min(Math.max(value, 0), size);
    const next = { x: inside(at.x + STEP * x, canvas.width), y: inside(at.y + STEP * y, canvas.height) };
    if (isDown) line(at, next);
    at = next;
    announce(place());
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const direction = DIRECTIONS[event.key];
    if (direction) move(direction);
    else if (event.key === " ") setDown(!isDown);
    else if (event.key === "Delete" || event.key === "Backspace") {
      clear();
      announce("Cleared");
    } else return;
    event.preventDefault();
    show();
  });
  canvas.addEventListener("blur", () => {
    isDown = false;
    pen.hidden = true;
  });
}
