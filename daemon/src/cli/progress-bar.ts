// The line at the bottom of a terminal while a run goes on: step, speed, time left.
import type { RunEvent } from "../workflow/events.ts";

export interface ProgressBar {
  show(event: RunEvent): void;
  /** Takes the line away, for other output. */
  clear(): void;
}

/** Shows nothing where the stream is no terminal. */
export function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined };
  const pace = paceOf();
  return {
    show(event) {
      if (event.event === "started") {
        pace.start(event.count);
        stream.write(fit(`${event.node}  ${NEXT.text}`, stream.columns));
      } else if (event.event === "progress") stream.write(fit(barLine(event, pace), stream.columns));
    },
    clear: () => void stream.write("\r\u001b[K"),
  };
}

type Progress = Extract<RunEvent, { event: "progress" }>;

interface Pace {
  start(pictures: number): void;
  /** pictures of the node */
  readonly pictures: number;
  /** Seconds a step, of the picture that is drawn; undefined before its second step. */
  secondsAt(step: number): number | undefined;
}

/** Measures from the first step on, which also loads the network. */
function paceOf(now = () => performance.now()): Pace {
  let pictures = 1;
  let [first, firstStep] = [0, Infinity];
  return {
    get pictures() {
      return pictures;
    },
    start(count) {
      pictures = count;
      firstStep = Infinity;
    },
    secondsAt(step) {
      if (step <= firstStep) [first, firstStep] = [now(), step];
      return step === firstStep ? undefined : (now() - first) / 1000 / (step - firstStep);
    },
  };
}

/** What goes on after a phase other than the steps: the networks load when they are first needed. */
const NEXT = { text: "loading", encode: "loading", decode: "writing" };
const WIDTH = 24;

function barLine({ node, index, phase, step, of }: Progress, pace: Pace): string {
  const which = pace.pictures === 1 ? node : `${node} ${index + 1}/${pace.pictures}`;
  if (phase !== "denoise") return `${which}  ${NEXT[phase]}`;
  const filled = Math.round((WIDTH * step) / of);
  const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
  const seconds = pace.secondsAt(step);
  if (seconds === undefined) return `${which}  ${bar}  ${step}/${of}`;
  const left = seconds * (of - step + of * (pace.pictures - 1 - index));
  return `${which}  ${bar}  ${step}/${of}  ${speed(seconds)}  ${clock(left)} left`;
}

const speed = (seconds: number): string =>
  seconds < 1 ? `${(1 / seconds).toFixed(1)} steps/s` : `${seconds.toFixed(1)} s/step`;

/** `0:07`, `1:02:03` */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A line that does not wrap: a wrapped one could not be taken away. */
const fit = (line: string, columns: number): string =>
  Array.from(line)
    .slice(0, Math.max(1, columns - 1))
    .join("");
