import type { CertificateName } from './peer-certificate.ts';
import {
  commonNameAttributes,
  type NameNotation,
  NameUnreadable,
  parseName,
} from './x509/distinguished-name.ts';

/**
 * How a broker makes the two texts of a certificate's name (`forwarded-certificates.md` section 5).
 *
 * `joined`: several common names stand in one text with commas between them, so `a,b` may be one or two (RabbitMQ, EMQX).
 * `unreliable`: the text is no common name (NanoMQ's is everything behind the first `CN=`).
 */
export interface NameSource {
  readonly subject: NameNotation;
  readonly commonName: 'exact' | 'joined' | 'unreliable';
}

export const NAME_SOURCES = {
  emqx: { subject: 'rfc4514', commonName: 'joined' },
  rabbitmq: { subject: 'rfc4514', commonName: 'joined' },
  nanomq: { subject: 'mbedtls', commonName: 'unreliable' },
  mosquitto: { subject: 'rfc4514', commonName: 'exact' },
  vernemq: { subject: 'rfc4514', commonName: 'exact' },
  tbmq: { subject: 'rfc4514', commonName: 'exact' },
  rmqtt: { subject: 'rfc4514', commonName: 'exact' },
  proxy: { subject: 'rfc4514', commonName: 'exact' },
} as const satisfies Record<string, NameSource>;

/** The one common name that a certificate's name has, or why it has none that could identify anybody. */
export type CommonNameVerdict =
  | { readonly found: true; readonly commonName: string }
  | { readonly found: false; readonly reason: string };

/**
 * The common name, where there is exactly one and nothing about it is in doubt; a name alone is weak enough. The subject
 * is asked first: its escapes tell one name from two. Both texts must agree where both came.
 */
export function identifyingCommonName(name: CertificateName, source: NameSource): CommonNameVerdict {
  const commonName = name.commonName || undefined;
  const subject = name.subject || undefined;
  // Behind a proxy, EMQX puts the common name of PROXY protocol v2 into both (section 5).
  if (subject !== undefined && subject !== commonName) {
    const verdict = fromSubject(subject, source.subject);
    if (!verdict.found || commonName === undefined || source.commonName === 'unreliable') return verdict;
    return verdict.commonName === commonName ? verdict : refused('the common name is not the subject’s');
  }
  if (commonName === undefined) return refused('there is no common name');
  if (source.commonName === 'unreliable')
    return refused('the common name is cut out of a subject that did not come along');
  if (source.commonName === 'joined' && commonName.includes(',')) {
    return refused('the common name has a comma: it may be two');
  }
  return checked(commonName);
}

/** The same of a subject's text alone. */
export function fromSubject(subject: string, notation: NameNotation): CommonNameVerdict {
  try {
    const [attribute, ...others] = commonNameAttributes(parseName(subject, notation));
    if (attribute === undefined) return refused('the subject has no common name');
    if (others.length > 0) return refused('the subject has several common names');
    if (attribute.lossy)
      return refused('the common name has lost characters on the way (NanoMQ writes ? for them)');
    return checked(attribute.value);
  } catch (error) {
    if (error instanceof NameUnreadable) return refused(`the subject cannot be read: ${error.message}`);
    throw error;
  }
}

/** Control characters are escapes that somebody's C code may cut at; U+FFFD stands where bytes were not text. */
function checked(commonName: string): CommonNameVerdict {
  if (commonName === '') return refused('the common name is empty');
  if (/[\p{Cc}\p{Surrogate}\ufffd]/u.test(commonName)) {
    return refused('the common name has control characters or is not text');
  }
  return { found: true, commonName };
}

function refused(reason: string): CommonNameVerdict {
  return { found: false, reason };
}
