/** The DER of one certificate in PEM, or of its Base64 alone. */
export function derOf(text: string): Buffer {
  return Buffer.from(text.replaceAll(/-----(?:BEGIN|END) CERTIFICATE-----|\s/g, ''), 'base64');
}
