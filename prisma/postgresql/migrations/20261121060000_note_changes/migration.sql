-- Whoever writes what a decision rests on leaves a row in "change", in the same transaction: the repositories, an import,
-- an operator's own SQL. Caches read these rows and forget just that. What "keys" may hold: src/storage/change.ts.
-- A statement leaves one row for each thousand of credentials ids, whatever the number of rows it touched.

-- A notification wakes the readers at once; without one they look every 300 ms. It costs writers something: transactions
-- that notify commit one after the other.
CREATE FUNCTION thingpass_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY thingpass_change;
  RETURN NULL;
END
$$;

CREATE TRIGGER change_wakes AFTER INSERT ON "change" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_wake();

-- FROM CURRENT: a writer with another search path must find the tables all the same.
CREATE FUNCTION thingpass_note(kind text, ids text[]) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO "change" ("created_time", "keys")
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    CASE kind WHEN 'gone' THEN json_build_object('gone', json_agg(id)) ELSE json_agg(id) END::text
  FROM (SELECT id, (row_number() OVER () - 1) / 1000 AS part FROM unnest(ids) AS id WHERE id IS NOT NULL) AS numbered
  GROUP BY part
$$;

CREATE FUNCTION thingpass_note_text(keys text) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO "change" ("created_time", "keys") VALUES ((extract(epoch FROM clock_timestamp()) * 1000)::bigint, keys)
$$;

-- New credentials end misses only, so very many of them are told as that.
CREATE FUNCTION thingpass_credentials_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF (SELECT count(*) FROM new_rows) > 1000 THEN
    PERFORM thingpass_note_text('{"misses":true}');
  ELSE
    PERFORM thingpass_note('changed', (SELECT array_agg(credentials_id) FROM new_rows));
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_credentials_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('gone', (SELECT array_agg(credentials_id) FROM old_rows));
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_credentials_updated() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('gone', (
    SELECT array_agg(o.credentials_id) FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id
    WHERE o.credentials_id IS DISTINCT FROM n.credentials_id));
  PERFORM thingpass_note('changed', (
    SELECT array_agg(n.credentials_id) FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
    WHERE (n.credentials_id, n.credentials_type, n.credentials_value, n.device_id)
      IS DISTINCT FROM (o.credentials_id, o.credentials_type, o.credentials_value, o.device_id)));
  RETURN NULL;
END
$$;

CREATE TRIGGER credentials_inserted AFTER INSERT ON "device_credentials"
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_credentials_inserted();
CREATE TRIGGER credentials_deleted AFTER DELETE ON "device_credentials"
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_credentials_deleted();
CREATE TRIGGER credentials_updated AFTER UPDATE ON "device_credentials"
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_credentials_updated();

-- Credentials may be there before their device, and stay behind it: there is no foreign key.
CREATE FUNCTION thingpass_device_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(c.credentials_id) FROM new_rows d JOIN "device_credentials" c ON c.device_id = d.id));
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_device_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('gone', (
    SELECT array_agg(c.credentials_id) FROM old_rows d JOIN "device_credentials" c ON c.device_id = d.id));
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_device_updated() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(c.credentials_id) FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      JOIN "device_credentials" c ON c.device_id = COALESCE(n.id, o.id)
    WHERE (n.id, n.name, n.tenant_id, n.additional_info, n.device_profile_id)
      IS DISTINCT FROM (o.id, o.name, o.tenant_id, o.additional_info, o.device_profile_id)));
  RETURN NULL;
END
$$;

CREATE TRIGGER device_inserted AFTER INSERT ON "device"
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_device_inserted();
CREATE TRIGGER device_deleted AFTER DELETE ON "device"
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_device_deleted();
CREATE TRIGGER device_updated AFTER UPDATE ON "device"
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_device_updated();

-- A profile may have a million devices; caches know whose profile is whose.
CREATE FUNCTION thingpass_profile_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note_text(json_build_object('profile', OLD.id)::text);
  RETURN NULL;
END
$$;

CREATE TRIGGER profile_updated AFTER UPDATE OF "id", "name", "transport_type", "profile_data" ON "device_profile"
  FOR EACH ROW EXECUTE FUNCTION thingpass_profile_changed();
CREATE TRIGGER profile_deleted AFTER DELETE ON "device_profile"
  FOR EACH ROW EXECUTE FUNCTION thingpass_profile_changed();

-- Secrets and windows. Where the credential goes too, it has told of itself.
CREATE FUNCTION thingpass_part_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(DISTINCT c.credentials_id) FROM new_rows p JOIN "device_credentials" c ON c.id = p.device_credentials_id));
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_part_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(DISTINCT c.credentials_id) FROM old_rows p JOIN "device_credentials" c ON c.id = p.device_credentials_id));
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_part_updated() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(DISTINCT c.credentials_id)
    FROM (SELECT device_credentials_id FROM old_rows UNION SELECT device_credentials_id FROM new_rows) p
      JOIN "device_credentials" c ON c.id = p.device_credentials_id));
  RETURN NULL;
END
$$;

CREATE TRIGGER credentials_secret_inserted AFTER INSERT ON "credentials_secret"
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_part_inserted();
CREATE TRIGGER credentials_secret_deleted AFTER DELETE ON "credentials_secret"
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_part_deleted();
CREATE TRIGGER credentials_secret_updated AFTER UPDATE ON "credentials_secret"
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_part_updated();

CREATE TRIGGER credentials_window_inserted AFTER INSERT ON "credentials_window"
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_part_inserted();
CREATE TRIGGER credentials_window_deleted AFTER DELETE ON "credentials_window"
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_part_deleted();
CREATE TRIGGER credentials_window_updated AFTER UPDATE ON "credentials_window"
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_part_updated();

CREATE FUNCTION thingpass_everything_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note_text('{"everything":true}');
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_table_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note_text(json_build_object('table', TG_TABLE_NAME)::text);
  RETURN NULL;
END
$$;

CREATE TRIGGER device_credentials_truncated AFTER TRUNCATE ON "device_credentials" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_everything_changed();
CREATE TRIGGER device_truncated AFTER TRUNCATE ON "device" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_everything_changed();
CREATE TRIGGER device_profile_truncated AFTER TRUNCATE ON "device_profile" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_everything_changed();
CREATE TRIGGER credentials_secret_truncated AFTER TRUNCATE ON "credentials_secret" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_everything_changed();
CREATE TRIGGER credentials_window_truncated AFTER TRUNCATE ON "credentials_window" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_everything_changed();

CREATE TRIGGER access_rule_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "access_rule" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_table_changed();
CREATE TRIGGER deny_entry_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "deny_entry" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_table_changed();
