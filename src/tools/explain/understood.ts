import type { DeciderSettings } from '../../engine/deciding/decider.ts';
import type { PresentedCertificate } from '../../model/peer-certificate.ts';
import { clientOf, type Question } from '../../model/question.ts';
import { nameSecret } from '../../server/logging/decision-log.ts';
import { shownText } from '../../server/logging/decisions/shown-text.ts';
import type { Understood } from '../../server/management/explanation.ts';

const SHOWN_BYTES = 1_024;
const MOST_TOPICS = 20;

/** @param settings of the broker, where it is known. */
export function understoodOf(question: Question, settings: DeciderSettings | undefined): Understood {
  const client = clientOf(question);
  const attempt = question.kind === 'connect' || question.kind === 'scram' ? question.attempt : undefined;
  return {
    kind: question.kind,
    clientId: shown(client?.clientId),
    username: nameSecret(client?.username),
    password: client && (client.password ?? '') !== '',
    address: shown(client?.peerAddress),
    addressBelieved:
      attempt?.peerAddress === undefined ? undefined : (settings?.trustsPeerAddress?.(attempt) ?? false),
    listener: shown(client?.listener),
    protocolVersion: attempt?.protocolVersion,
    certificate: client && certificateOf(client.certificate),
    topics:
      question.kind !== 'topic'
        ? undefined
        : question.accesses
            .slice(0, MOST_TOPICS)
            .map(({ action, topic }) => ({ action, topic: shownText(topic, SHOWN_BYTES) })),
  };
}

function certificateOf(certificate: PresentedCertificate): Understood['certificate'] {
  if (certificate.kind === 'none') return undefined;
  const { kind, form } = certificate;
  return { kind, form, verification: 'verification' in certificate ? certificate.verification : undefined };
}

function shown(text: string | undefined): string | undefined {
  return text === undefined ? undefined : shownText(text, SHOWN_BYTES);
}
