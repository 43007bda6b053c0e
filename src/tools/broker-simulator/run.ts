import type {
  Answer,
  Asked,
  Session,
  SimulatedBroker,
  SimulatedClient,
  WantedTopic,
} from './simulated-broker.ts';

/** One question that was asked, and what the broker would conclude. */
export interface Conclusion {
  readonly question: string;
  /** The answer's; absent for what the broker decides by itself. */
  readonly status: number | undefined;
  readonly concludes: string;
  /** Set where that is not as it should be. */
  readonly problem: string | undefined;
}

export interface Play {
  readonly url: string;
  /** Absent where ThingPass has none: then a wrong one is not tried. */
  readonly secret: string | undefined;
  readonly client: SimulatedClient;
  readonly request: WantedTopic | undefined;
}

const NOBODY = 'thingpass-doctor-nobody';

const REFUSED = 'it is refused: thingpass explain says why; ThingPass’s log also names a wrong secret';

/**
 * Plays a broker against a running ThingPass: the client's CONNECT and its topic if there is one, up to the first refusal; the
 * CONNECT with a wrong secret; and a client that nobody knows.
 * @throws {TypeError} when ThingPass cannot be reached.
 */
export async function playBroker(
  broker: SimulatedBroker,
  { url, secret = '', client, request }: Play,
): Promise<readonly Conclusion[]> {
  const { asked } = await run(url, broker(client, request, secret));
  const conclusions = [...asked];
  if (secret !== '') {
    const wrong = await run(url, broker(client, undefined, `${secret}-wrong`));
    conclusions.push(
      staysOut(
        'the same from a broker with a wrong secret',
        wrong,
        'anybody is answered, whatever the secret',
      ),
    );
  }
  const stranger = { clientId: NOBODY, username: NOBODY, password: NOBODY };
  const unknown = await run(url, broker(stranger, undefined, secret));
  conclusions.push(staysOut('a client that nobody knows connects', unknown, 'strangers are let in'));
  return conclusions;
}

interface Played {
  readonly asked: readonly Conclusion[];
  /** Nothing stood in the way. */
  readonly served: boolean;
}

async function run(url: string, session: Session): Promise<Played> {
  const asked: Conclusion[] = [];
  let answer: Answer | undefined;
  for (;;) {
    // The first call starts a generator, and its argument is nobody's.
    const { done, value: step } = session.next(answer as Answer);
    if (done) return { asked, served: true };
    const { question, wanted = true } = step;
    answer = 'asked' in step ? await send(url, step.asked) : undefined;
    const { allows, concludes } = 'asked' in step ? step.read(answer as Answer) : step.verdict;
    const mend = 'mend' in step ? step.mend : wanted ? REFUSED : 'this must be answered with a refusal';
    const problem = allows === wanted ? undefined : mend;
    asked.push({ question, status: answer?.status, concludes, problem });
    if (wanted && !allows) return { asked, served: false };
  }
}

/** The last answer says it all. */
function staysOut(question: string, { asked, served }: Played, trouble: string): Conclusion {
  const { status, concludes } = asked.at(-1) as Conclusion;
  return { question, status, concludes, problem: served ? trouble : undefined };
}

const LONGEST_WAIT_MS = 5_000;

async function send(url: string, { path, headers, body }: Asked): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(LONGEST_WAIT_MS),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}
