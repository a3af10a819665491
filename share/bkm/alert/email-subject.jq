# The subject of a mail: counts and the worst alert in one line.
include "alert";

"[\(.app | line | cut(40))] \(headline) (\(.host | line | cut(60)))" | cut(200)
