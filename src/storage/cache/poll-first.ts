import type { CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import type { ChangeFeed } from '../change-feed/change.ts';

/** A store that reads the news before it answers, for news that cost next to nothing: then nothing known is ever old. */
export function pollFirst(store: CredentialsStore, news: ChangeFeed): CredentialsStore {
  return {
    findByCredentialsIds(ids) {
      news.poll();
      return store.findByCredentialsIds(ids);
    },
  };
}
