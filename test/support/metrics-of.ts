/** What a server tells Prometheus: the values by their names with labels. */
export async function metricsOf(url: string): Promise<Map<string, number>> {
  // A connection of its own, which any worker may get.
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } });
  return readMetrics(await response.text());
}

/** The values in Prometheus' text, by the name with its labels. */
export function readMetrics(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}
