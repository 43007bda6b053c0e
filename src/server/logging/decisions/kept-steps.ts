import type { Step } from '../../../model/decision.ts';
import { detachString } from '../../../util/detach-string.ts';

/** How many steps of one decision are kept. */
const MOST_STEPS = 16;
/** Numbers kept for the steps of one decision: two for each step, its name and its detail. */
export const STEPS_UNITS = 2 * MOST_STEPS;

const MOST_TEXTS = 2_000;
const LONGEST_TEXT = 400;

/** Numbers for the few texts that nearly all steps consist of. */
export class StepTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  /** @returns `undefined` for a text that is too long to keep for good, or once there are too many. */
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

/** Reused memory for the steps of one decision; see `KeptText`. */
export class KeptSteps {
  readonly #memory: Uint16Array;
  readonly #from: number;
  readonly #texts: StepTexts;
  #count = 0;
  /** The steps themselves, where a text has no number. */
  #others: readonly Step[] | undefined;

  /** @param memory {@link STEPS_UNITS} of it, from index `from` on, belong to these steps. */
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
      const detailNumber = this.#texts.numberOf(detail);
      if (stepNumber === undefined || detailNumber === undefined) {
        this.#others = steps.slice(0, MOST_STEPS);
        return;
      }
      this.#memory[this.#from + 2 * at] = stepNumber;
      this.#memory[this.#from + 2 * at + 1] = detailNumber;
    }
    this.#count = count;
    this.#others = undefined;
  }

  /** The first {@link MOST_STEPS} steps of the decision. */
  get steps(): readonly Step[] {
    return this.#others ?? Array.from({ length: this.#count }, (_, at) => this.#stepAt(this.#from + 2 * at));
  }

  #stepAt(index: number): Step {
    const textAt = (place: number): string => this.#texts.textOf(this.#memory[place] as number);
    return { step: textAt(index), detail: textAt(index + 1) };
  }
}
