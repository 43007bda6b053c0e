import { isThingPassError } from '../../../model/errors.ts';
import { checkThingsBoardSchema } from '../../../storage/thingsboard/schema-check.ts';
import { type Check, problem } from '../finding.ts';

/** ThingsBoard's own database, where one is read. */
export const checkThingsBoard: Check = {
  name: 'thingsboard',
  looks: 'ThingsBoard’s database, where it is read, has the tables and lets them be read',
  needsConfig: true,
  async run({ config }) {
    if (config?.thingsboard === undefined) return [];
    try {
      await checkThingsBoardSchema(config.thingsboard.location);
      return [];
    } catch (error) {
      if (!isThingPassError(error, 'thingsboard_unreadable')) throw error;
      const mend =
        'run the statement that is named, or those of deploy/thingsboard/grants.sql, as the owner of the tables';
      return error.data.problems.map((detail) => problem(detail, mend));
    }
  },
};
