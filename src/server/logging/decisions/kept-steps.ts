import type { Step } from '../../../model/decision.ts';
import { detachString } from '../../../util/detach-string.ts';

/** Of one decision so many are kept. */
export const MOST_STEPS = 16;
/** UTF-16 code units of memory for the steps of one decision: a number for what was done and one for what was found, each. */
export const STEPS_UNITS = 2 * MOST_STEPS;

const MOST_TEXTS = 2_000;
const LONGEST_TEXT = 400;

/** What steps say is nearly always the same few texts, which have numbers here. */
export class StepTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  /** @returns `undefined` for what is too long to be kept for good, and where there are too many. */
  numberOf(text: string): number | undefined {
    return this.#numbers.get(text) ?? this.#add(text);
  }

  textOf(number: number): string {
    return this.#texts[number] as string;
  }

  #add(text: string): number | undefined {
    if (this.#texts.length >= MOST_TEXTS || text.length > LONGEST_TEXT || !text.isWellFormed())
      return undefined;
    const kept = detachString(text);
    this.#numbers.set(kept, this.#texts.length);
    return this.#texts.push(kept) - 1;
  }
}

/** A piece of memory for the steps of one decision, which is written over again and again; see `KeptText`. */
export class KeptSteps {
  readonly #memory: Uint16Array;
  readonly #from: number;
  readonly #texts: StepTexts;
  #count = 0;
  /** Where some text has no number. */
  #others: readonly Step[] | undefined;

  /** @param memory of which {@link STEPS_UNITS} from the index `from` on are for these steps. */
  constructor(memory: Uint16Array, from: number, texts: StepTexts) {
    this.#memory = memory;
    this.#from = from;
    this.#texts = texts;
  }

  keep(steps: readonly Step[]): void {
    const count = Math.min(steps.length, MOST_STEPS);
    for (let at = 0; at < count; at++) {
      const { step, detail } = steps[at] as Step;
      const stepNumber = this.#texts.numberOf(step);
      const saidNumber = this.#texts.numberOf(detail);
      if (stepNumber === undefined || saidNumber === undefined) {
        this.#others = steps.slice(0, MOST_STEPS);
        return;
      }
      this.#memory[this.#from + 2 * at] = stepNumber;
      this.#memory[this.#from + 2 * at + 1] = saidNumber;
    }
    this.#count = count;
    this.#others = undefined;
  }

  /** The first of them, each as it was. */
  get steps(): readonly Step[] {
    return this.#others ?? Array.from({ length: this.#count }, (_, at) => this.#stepAt(this.#from + 2 * at));
  }

  #stepAt(index: number): Step {
    const textAt = (place: number): string => this.#texts.textOf(this.#memory[place] as number);
    return { step: textAt(index), detail: textAt(index + 1) };
  }
}
