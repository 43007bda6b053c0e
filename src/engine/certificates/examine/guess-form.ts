import { certificateUnreadable } from '../../../model/errors.ts';
import { decodeBase64, decodePercent } from '../text/decode.ts';
import { parseByteSequences } from '../text/structured-field.ts';
import { parseXfcc } from '../text/xfcc-syntax.ts';
import { TAG } from '../x509/der.ts';
import { readDerBytes } from './der-bytes.ts';
import type { Guess, Problem } from './found-problem.ts';
import { readPemText } from './pem-text.ts';

/** A header line copied out of a log: a name, a colon, the value. */
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9-]*: */;
const XFCC = /^(?:By|Hash|Cert|Chain|Subject|URI|DNS)=/i;
const STRUCTURED_FIELD = /^:[A-Za-z0-9+/=]*:/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const HEX = /^(?:30)(?:[0-9a-f]{2})+$/i;
/** Limit for nested forms. Three levels occur in practice (Base64 of percent-encoded PEM). */
const MAX_DEPTH = 4;

/**
 * Guesses the form of one or more certificates: DER, PEM, Base64, hex, percent-encoding, RFC 9440 or
 * X-Forwarded-Client-Cert. Input that ThingPass would refuse in a header (`forwarded-certificates.md` section 9) is
 * read as far as possible, and every deviation is reported.
 * @throws {ThingPassError} `certificate_unreadable` if no certificate can be found.
 */
export function guessForm(bytes: Buffer): Guess {
  if (bytes.length === 0) throw certificateUnreadable('malformed_der', 'the input is empty');
  if (bytes[0] === TAG.sequence && !isText(bytes)) return { ...readDerBytes(bytes), form: 'DER' };
  return readText(bytes.toString('utf8').replace(/^\uFEFF/, ''), 0);
}

/** The first octet of DER, 0x30, is also the digit 0. Text has no control characters except line ends and tabs. */
function isText(bytes: Buffer): boolean {
  return bytes.subarray(0, 64).every((byte) => byte >= 0x20 || byte === 10 || byte === 13 || byte === 9);
}

function readText(whole: string, depth: number): Guess {
  if (depth > MAX_DEPTH) throw certificateUnreadable('malformed_pem', 'too many encodings inside each other');
  const text = whole.trim();
  const inner = (form: string, next: string): Guess => prefixForm(form, readText(next, depth + 1));
  if (text.startsWith('-----BEGIN')) return readPemOrEncoded(text, inner);
  const field = FIELD_NAME.exec(text)?.[0];
  if (field !== undefined && !text.includes('\n')) {
    return inner(`header field ${field.split(':')[0]}`, text.slice(field.length));
  }
  if (/^".*"$/s.test(text)) return inner('quoted', text.slice(1, -1));
  if (XFCC.test(text) && !text.includes('\n')) return readXfcc(text);
  if (STRUCTURED_FIELD.test(text)) {
    return readSeveralDer('RFC 9440 byte sequence', parseByteSequences([text]));
  }
  if (/%[0-9a-f]{2}/i.test(text)) return inner('percent-encoded', decodePercent(text));
  if (text.includes('-----BEGIN')) return readPemOrEncoded(text, inner);
  if (HEX.test(text)) return { ...readDerBytes(Buffer.from(text, 'hex')), form: 'DER in hex' };
  return readBase64(text, depth);
}

function prefixForm(form: string, inside: Guess): Guess {
  return { ...inside, form: `${form} ${inside.form}` };
}

function readPemOrEncoded(text: string, inner: (form: string, next: string) => Guess): Guess {
  if (/^-----BEGIN(?:%20|\+)/.test(text)) return inner('percent-encoded', decodePercent(text));
  if (text.includes('\\n')) return inner('JSON-escaped', text.replaceAll('\\r', '').replaceAll('\\n', '\n'));
  return readPemText(text);
}

/**
 * Reads the first element: it is the original client's if all proxies are trusted, and only the operator knows how
 * many are.
 */
function readXfcc(text: string): Guess {
  const elements = parseXfcc(text);
  const [element] = elements;
  const problems: Problem[] = [];
  if (elements.length > 1) {
    problems.push({
      severity: 'warning',
      code: 'several_elements',
      says: `there are ${elements.length} elements, one per proxy: ThingPass expects THINGPASS_XFCC_HOPS elements, and this is the first`,
    });
  }
  const cert = element?.get('cert')?.[0];
  const chain = element?.get('chain')?.[0];
  const texts = [cert, chain].filter((one): one is string => one !== undefined && one !== '');
  if (texts.length === 0) {
    throw certificateUnreadable(
      'malformed_pem',
      'X-Forwarded-Client-Cert without Cert or Chain: names and a digest only, from which no credentials id can be computed (Envoy: set_current_client_cert_details cert: true)',
    );
  }
  const parts = texts.map((one) => readPemText(decodePercent(one)));
  const certificates = parts.flatMap((part) => part.certificates);
  return {
    form: 'X-Forwarded-Client-Cert (Envoy, Istio)',
    // Chain repeats the leaf that Cert holds.
    certificates: certificates.filter((one, at) => certificates.findIndex((two) => two.equals(one)) === at),
    problems: [...problems, ...parts.flatMap((part) => part.problems)],
  };
}

/** Reads Base64 of DER (several joined by commas in Traefik), Base64 of PEM, or the body of a PEM block. */
function readBase64(text: string, depth: number): Guess {
  const parts = text.split(',').map((part) => part.replaceAll(/\s/g, ''));
  if (!parts.every((part) => BASE64.test(part))) {
    throw certificateUnreadable('malformed_base64', 'neither PEM, nor DER, nor Base64, nor a header form');
  }
  const problems: Problem[] = [];
  const decoded = parts.map((part) => {
    try {
      return decodeBase64(part);
    } catch {
      problems.push({
        severity: 'refused',
        code: 'malformed_base64',
        says: 'the Base64 is not canonical (padding, alphabet or length), so ThingPass refuses it: the text may be truncated',
      });
      return Buffer.from(part, 'base64');
    }
  });
  const [first] = decoded;
  if (parts.length === 1 && first?.toString('latin1').startsWith('-----BEGIN')) {
    return prefixForm('Base64 of', readText(first.toString('latin1'), depth + 1));
  }
  const read = readSeveralDer(parts.length > 1 ? 'Base64 of DER, with commas' : 'Base64 of DER', decoded);
  return { ...read, problems: [...problems, ...read.problems] };
}

function readSeveralDer(form: string, all: readonly Buffer[]): Guess {
  const parts = all.map(readDerBytes);
  return {
    form,
    certificates: parts.flatMap((part) => part.certificates),
    problems: parts.flatMap((part) => part.problems),
  };
}
