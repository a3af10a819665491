// The score record, and the arithmetic behind a score in words.
#include "score/score.h"

static const char *const part_names[SCORE_PARTS] = {"backup", "verification", "restore"};

static void
add_caps(struct json *j, const char *key, uint32_t caps)
{
	json_array(j, key);
	for (int cap = 1; cap < RECORD_CAPS; cap++) {
		if (caps & SCORE_CAP(cap))
			json_str(j, NULL, record_word(RECORD_LIST_CAP, cap));
	}
	json_array_end(j);
}

static void
add_rate(struct json *j, const char *key, bool known, double rate)
{
	if (known)
		json_real(j, key, rate, 3);
	else
		json_null(j, key);
}

static void
add_parts(struct json *j, const struct score *score)
{
	json_object(j, "parts");
	for (size_t i = 0; i < SCORE_PARTS; i++) {
		const struct score_part *part = &score->parts[i];

		json_object(j, part_names[i]);
		json_bool(j, "applies", part->applies);
		add_rate(j, "rate", part->known, part->rate);
		json_real(j, "weight", part->weight, 3);
		json_uint(j, "good", part->good);
		json_uint(j, "of", part->of);
		if (i != SCORE_BACKUP && part->applies)
			add_rate(j, "coverage", part->should > 0,
			    part->should > 0 ? (double)part->covered / (double)part->should : 0);
		json_object_end(j);
	}
	json_object_end(j);
}

void
score_add_record(struct buf *out, const struct score *score, const struct score_line *line)
{
	struct json j;

	record_begin(&j, out, RECORD_SCORE);
	json_str(&j, "store", line->store);
	json_str(&j, "host", line->host);
	if (line->location)
		json_str(&j, "location", line->location);
	else
		json_null(&j, "location");
	json_uint(&j, "days", line->days);
	add_rate(&j, "score", score->known, score->score);
	json_str(&j, "grade", record_word(RECORD_LIST_GRADE, (int)score->grade));
	add_caps(&j, "capped_by", score->capped_by);
	add_rate(&j, "raw_score", score->raw_known, score->raw);
	add_parts(&j, score);
	add_rate(&j, "coverage", score->coverage_known, score->coverage);
	if (line->has_previous) {
		add_rate(&j, "previous", line->previous_known, line->previous);
		json_str(&j, "previous_grade",
		    record_word(RECORD_LIST_GRADE, (int)line->previous_grade));
	} else {
		json_null(&j, "previous");
	}
	add_caps(&j, "reasons", score->reasons);
	if (line->explain)
		json_raw(&j, "explain", line->explain->data, line->explain->len);
	record_end(&j);
}

void
score_add_formula(struct buf *out, const struct score *score)
{
	double weights = 0;
	const char *plus = "";

	for (size_t i = 0; i < SCORE_PARTS; i++)
		weights += score->parts[i].known ? score->parts[i].weight : 0;
	if (weights <= 0) {
		buf_str(out, score->known ? "nothing good is known" : "nothing is known");
		return;
	}
	for (size_t i = 0; i < SCORE_PARTS; i++) {
		const struct score_part *part = &score->parts[i];

		if (!part->known)
			continue;
		buf_printf(out, "%s%.3g * %llu/%llu %s", plus, part->weight / weights,
		    (unsigned long long)part->good, (unsigned long long)part->of, part_names[i]);
		plus = " + ";
	}
	buf_printf(out, " = %.3f", score->raw);
	if (!score->capped_by)
		return;
	buf_printf(out, ", capped at %.3f by ", score->score);
	plus = "";
	for (int cap = 1; cap < RECORD_CAPS; cap++) {
		if (score->capped_by & SCORE_CAP(cap)) {
			buf_printf(out, "%s%s", plus, record_word(RECORD_LIST_CAP, cap));
			plus = ", ";
		}
	}
}
