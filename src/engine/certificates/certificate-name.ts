import { isThingPassError } from '../../model/errors.ts';
import type { CertificateName } from '../../model/peer-certificate.ts';
import { commonNameAttributes, type NameNotation, parseName } from './x509/distinguished-name.ts';

/**
 * How a broker writes the two texts of a certificate's name (`forwarded-certificates.md` section 5).
 *
 * `joined`: the broker joins several common names with commas, so `a,b` may be one name or two (RabbitMQ, EMQX).
 * `unreliable`: the text is not a common name (NanoMQ sends everything after the first `CN=`).
 */
export interface NameSource {
  readonly subject: NameNotation;
  readonly commonName: 'exact' | 'joined' | 'unreliable';
}

/** The common name that identifies the client, or the reason why none does. */
export type CommonNameVerdict =
  | { readonly found: true; readonly commonName: string }
  | { readonly found: false; readonly reason: string };

/**
 * Decides which common name identifies the client: there must be exactly one, without any doubt about it, because a
 * name alone is weak proof. The subject is read first: its escapes distinguish one name from two. If both texts
 * came, they must agree.
 */
export function identifyingCommonName(name: CertificateName, source: NameSource): CommonNameVerdict {
  const commonName = name.commonName || undefined;
  const subject = name.subject || undefined;
  // Behind a proxy, EMQX puts the common name of PROXY protocol v2 into both fields (section 5).
  if (subject !== undefined && subject !== commonName) {
    const verdict = fromSubject(subject, source.subject);
    if (!verdict.found || commonName === undefined || source.commonName === 'unreliable') return verdict;
    return verdict.commonName === commonName
      ? verdict
      : refused('the common name differs from the one in the subject');
  }
  if (commonName === undefined) return refused('there is no common name');
  if (source.commonName === 'unreliable')
    return refused('the common name is cut out of a subject that the broker did not send');
  if (source.commonName === 'joined' && commonName.includes(',')) {
    return refused('the common name contains a comma, so it may be two names');
  }
  return checked(commonName);
}

/** As {@link identifyingCommonName}, from the subject's text alone. @internal */
export function fromSubject(subject: string, notation: NameNotation): CommonNameVerdict {
  try {
    const [attribute, ...others] = commonNameAttributes(parseName(subject, notation));
    if (attribute === undefined) return refused('the subject has no common name');
    if (others.length > 0) return refused('the subject has several common names');
    if (attribute.lossy)
      return refused('the common name may have lost characters (NanoMQ writes ? for them)');
    return checked(attribute.value);
  } catch (error) {
    if (isThingPassError(error, 'distinguished_name_unreadable'))
      return refused(`the subject cannot be read: ${error.message}`);
    throw error;
  }
}

/**
 * Refuses control characters, at which C code may cut the name, and U+FFFD, which replaces bytes that were not
 * text.
 */
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
