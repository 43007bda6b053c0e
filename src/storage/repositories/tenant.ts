/** One installation is one tenant, unless rows come from ThingsBoard. */
export const OWN_TENANT = '00000000-0000-4000-8000-000000000001';
