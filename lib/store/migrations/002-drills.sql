-- Added to version 1 of the store. Each section stands alone.

-- What the directory looked like when its live rows were last found to be just what is in it: digests
-- of the parts of its listing, see lib/scan/merge.h. As long as it is there, the rows are not read by
-- a scan that finds the same; so whatever changes, adds or removes a live row of a directory sets it
-- to NULL in the same transaction or before.
ALTER TABLE dir ADD COLUMN listing BLOB;
