import { type Decision, deny } from '../../src/model/decision.ts';
import type { Question } from '../../src/model/question.ts';
import { startWebhooks } from './server.ts';

/** The webhooks on a socket with nothing behind them: what was read is kept, what is answered is what `decide` says. */
export interface AskedServer {
  readonly port: number;
  /** What was asked last; `undefined` when nothing readable was since `forget`. */
  question: Question | undefined;
  decide: () => Decision;
  forget(): void;
  close(): Promise<void>;
}

export async function startAskedServer(environment: Record<string, string> = {}): Promise<AskedServer> {
  const decide = async (question: Question): Promise<Decision> => {
    asked.question = question;
    return question.kind === 'settled' ? question.decision : asked.decide();
  };
  const webhooks = await startWebhooks({ decide }, { THINGPASS_LOG_LEVEL: 'silent', ...environment });
  const asked: AskedServer = {
    port: webhooks.port,
    question: undefined,
    decide: () => deny('credentials_unknown'),
    forget: () => {
      asked.question = undefined;
    },
    close: () => webhooks.close(),
  };
  return asked;
}
