"""The innermost loops of src/: which must become vector code, and which need not, and why.

A loop is named by its function, or by "function: text" where a line of it has that text.
"""

import re
import sys
from pathlib import Path

SOURCES = {
    path.name: ["", *path.read_text().splitlines()]  # from line number 1 on
    for path in sorted((Path(__file__).resolve().parents[2] / "src").rglob("*"))
    if path.suffix in (".h", ".pxd", ".pxi", ".pyx")
}
FLOATS = ("FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16")
INTEGERS = ("BOOL", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64")
# All of a function's innermost loops that compute, or those with a certain text in them. A "case" is a macro with a
# loop over contiguous elements, which must be vector code, and one over strided elements.
LOOPS = (
    *("lanes_max", "lanes_min", "lanes_nan", "lanes_add", "lanes_exp", "lanes_exp_excluding"),
    *("lanes_exp_below", "lanes_cost", "subtract_twice", "lanes_find", "seems_outside"),
    *("clear_rows: r_term(", "keep_where", "weigh", "weigh_values", "round_values", "add_to_row"),
    *("count_labels: ignored +=", "look_at_some_signs", "element_loop", "focal_terms", "focal_block", "label_rows"),
    *("multiply", "lanes_sum: table[c", "lanes_multiply"),
    *("lanes_sum: reference_of", "lanes_sum: part[k]", "curve", "temper"),
    *("lanes_to_derivatives: p = table[c", "lanes_to_derivatives: of_e[k] = ", "lanes_to_derivatives: p = tile.p[k]"),
    *("lanes_look", "lanes_look_any", "lanes_moment: rest[i] += e[i]", "lanes_moment_excluding"),
    "exp_lanes_below: r_exp_of_clamped(",
    *("tile_moments: r_exp_of_clamped(", "tile_moments: += rest_part[k]", "lanes_rank", "finish_ranked"),
    *("place_in_run", "has_nan", "store_numbers", "store_classes"),
    *("lanes_subtract", "lanes_log_sum", "weigh_block: r_fma(", "target_grad"),
    *("sum_of_terms: lanes.low[i] += lost", "lanes_halve", "lanes_limit", "lanes_add_widened", "lanes_add_to_larger"),
    "sum_on_the_way: value[i] = in_double",
    *("sum_elements: + (double)addend[i];", "sum_elements: (double)value[i];"),
    *("lanes_entropy", "lanes_entropy_slope", "lanes_pair", "lanes_divergence", "lanes_peak: table", "lanes_rest"),
    *("lanes_far", "lanes_close", "exp_lanes: r_exp(", "widen_lanes: half_to_float(", "narrow_run: narrow(factor"),
    *("range_of_halves", "least_of_halves", "first_half_of: found |="),
    *("lanes_entropy_tile", "lanes_terms", "lanes_parts", "lanes_prediction", "lanes_prediction_slope"),
    *("lanes_choose_top: choose_top(", "lanes_centre", "lanes_predictions", "lanes_prediction_slopes"),
    *("block_reference", "block_needs_exponents", "block_softmax: r_exp_above("),
    *("block_exp", "block_unscale", "block_below_peak", "block_is_special"),
    *("block_totals: total[k] += p", "grad_of_logits", "block_grad_of_logits"),
    *("block_grad_of_log_probs: posterior[r",),
    *("forward_slots: x_power_above(", "backward_slots: x_power_above(", "add_numbers", "exp_all"),
    *("viterbi_slots", "floats_are_wrong", "reals_are_wrong", "add", "times", "apply"),
    *("scan_scores: wrong |=", "exp_scores", "keep_prefixes", "add_kinds", "count_from", "smallest_from: low ?"),
    *(f"load_run: case FL_{name}:" for name in FLOATS + INTEGERS),
    *(f"store_run: case FL_{name}:" for name in FLOATS),
)
# Every other innermost loop that computes: a pattern of "function: the loop's own text", and why it may be scalar.
OTHERS = [
    (r"^(rows_one_by_one|normal_rows|store_values|chunk_of_elements): while ", "pieces or rows"),
    (r"^(chunk_of_(numbers|weights)|first_refused_number): while ", "pieces or rows"),
    (r"by (4 \* )?(LANES|16|ROW_BLOCK|F|MANY_LABELS): |\+= (FL_(EXACT_)?LANES|width)\b",
     "pieces, each of which a loop above works on"),
    (r"^FL_(LOAD|STORE)_(RUN|HALVES): ", "a macro: the loops that it makes are above"),
    (r"^(plan_\w+|run_chunks_on_threads|view_init|find_\w+_loss): ",
     "once a call"),
    (r"^xla_is_known: |^arrays: for i in range\(buffers\.size\)", "once an array of a call"),
    (r"^(can_start|wait_until_gone|stack_size_in): ", "once a thread that calls"),
    (r"^(start_run|work_done|wait_for_others): ", "threads of a call, or waiting for them"),
    (r"\+= FL_WIDE\b|^wide_moments: |^narrow_lanes: ", "vectors already, but for bfloat16"),
    (r"^add_groups: ", "vectors already, by their types"),
    (r"^sum_near_halves: ", "sets sums before a loop, or the end of a row, less than 16 numbers"),
    (r"^narrow_strided: ", "numbers that lie apart"),
    (r"^widen_run: .*n; i\+\+", "the end of a row, less than 16 numbers"),
    (r"^(set_block_terms|within_blocks|mean_of_sample|divergence_of_blocks|divergence_by_blocks|block_of_best): ",
     "once a block of 1,024 classes"),
    (r"^(sum_close|set_label): ", "the same"),
    (r"^(first_run|next_run|gather_block|scatter_block|address_of_row): ", "once a piece that is equally spaced"),
    (r"^(has_shape|are_same_elements|memory_bounds|read_options|run_\w+): ", "once a call, or once a chunk"),
    (r"^(load_pieces|store_pieces|load_columns|store_columns): ", "vectors already, by their types"),
    (r"^(block_)?(to|add)_labels: ", "the same; with a compiler that has no such types, places from a table"),
    (r"^(widen_labels|WIDEN_LABELS): ", "labels of a small call, and each of another type than a kernel's"),
    (r"^(prefetch_lanes|tile_loss): ", "prefetches, or chooses: nothing is computed"),
    (r"^(tile_row_by_row|temper_rows|chunk_of_(target|ranked)_rows|scan_rows|score_group|forward_runs|fill_grad): ",
     "rows or runs; the loops in them are above"),
    (r"^(extremes|block_peak): for \(ptrdiff_t|^(read|store)_(all|used)_classes: |^write_grad: ", "the same"),
    (r"^(fill_grad|trace|recompute_segment|extend_chunk|extend_root|(forward|backward)_pass): for \w+ in range",
     "frame after frame"),
    (r"^((forward|backward|extend)_frames|forward_(group|tile)|finish_block): ", "the same"),
    (r"^(add_tiles|clear_tiles|keep_tile|set_ends|best_end): ", "16 tiles at the most, or four arrays of one"),
    (r"^(take|keep)_last_labels: ", "one number of a tile, for each frame of a block"),
    (r"^\w+: for \(int \w = 0; \w < FL_\w+; \w\+\+\) (\w+(->\w+)?\[\w\] = [-\w()]+[,;] ?)+$",
     "sets sums and maxima before a loop"),
    (r"^frames?_set_(slot_)?zero: ", "sets a few slots where a band grows, or one of each frame"),
    (r"^(read_labels|exclude_label|lanes_to_derivatives|tile_across_lanes|chunk_of_labelled_rows): ",
     "one or two numbers a row, found by its label or its weight"),
    (r"^read_ranked_labels: |^rank_tile: .*reference_of", "the same"),
    (r"^(normal_tiles|divergence_tile|rows_across_lanes|clear_rows|chunk_of_nll_rows|store_nll_grad): ", "the same"),
    (r"^(store_costs|chunk_of_compared_rows): ", "the same"),
    (r"^clear_grad_rows: ", "rows; the loops in them are above"),
    (r"^lanes_sum: .*tile\.excluded\[k\] = ", "three numbers a row, and a comparison of integers that SSE2 lacks"),
    (r"^(lanes_top|lanes_total|lanes_count|lanes_joined): |: count \+= at_peak\[i\]|\*total \+= above\[i\]",
     "one tree from 16 lanes to one number"),
    (r"^(sum_of_terms|sum_on_the_way): for .* i = whole; ", "the end of a block, less than 16 numbers"),
    (r"^(sum_of_terms|sum_of_close_numbers|sum_on_the_way): .*lanes\.low\[i\] = 0;", "sets sums before a loop"),
    (r"^sum_of_close_numbers: .*smallest = |^sum_on_the_way: .*is_exact &= ", "16 numbers, once a block"),
    (r"^sum_of_numbers: ", "blocks; the loops in them are above"),
    (r"^nan_among: .*total \+= \w+\[\w\]$", "the end of a block"),
    (r"\[\w - whole\]|^(edge_of|fill_edge|exp_edge|sum_band): ", "the end of a row, less than 16 numbers"),
    (r"^look_at: ", "blocks that may be refused: rare"),
    (r"^(first_place_of|first_half_of|first_refused|count_labels|log_sum_of): |: if .* break$",
     "until the first that is found"),
    (r"^(gather\w*|prefetch_row|read_(target|group|scores|phi)|set_start|store_frame): |q\.used_class\[u\]",
     "places from a table"),
    (r"^(divide_posteriors|sum_of_states): ", "strided, and wanted by few"),
    (r"^(block_exp_scaled|exp_with_exponents): ", "scores below the type's range: rare"),
    (r"^rank_with_nan: ", "a row in which there is a NaN: rare"),
    (r"^add_offset: ", "a block in which there is a NaN or an infinity: rare"),
    (r"^frames_(total|product): ", "16 numbers to one, once a block"),
    (r"^block_softmax: .*\+= part\[k\]", "16 numbers, once for 16 classes"),
    (r"^block_softmax: .*x_max\(|^block_grad_of_log_probs: .*scale / ", "16 numbers, once a block"),
    (r"^(sum_all|rounded_away|sum_of_others|row_of_softmax): ",
     "a sum in order, or an operation: of rows of an all but certain target"),
    (r"^certain_(frame|loss): ", "one or two states a frame, each from the one before; or frames"),
    (r"^(kth_largest|insertion_sort|merge_runs|sort_labels|scan_scores): ", "sorts or halves; or blocks of scores"),
    (r"^(keep_as_they_are|keep_largest|drop_rare_labels|choose_labels|drop_hypotheses|take_candidates): ",
     "chooses, or places from a table; what computes is above"),
    (r"^(extend_hypothesis|extend_hypotheses): ", "until the first that does not enter the beam"),
    (r"^rescale: ", "once in so many frames that it is nothing"),
    (r"^(release_node|mark_children|length_of): ", "from node to node of a trie"),
    (r"^(read_path|read_candidate|read_hypothesis|read_best|all_work): ",
     "once a frame, a label or a sequence"),
    (r"^r_log_factorial: ", "eleven steps for one number, within the loop that is above"),
    (r"^(split_exp|relative_entropy|endless_chunk|apply_exp_lanes): ", "only tests call it"),
]  # fmt: skip
# Sources whose loops go through the sequences and labels of a call's arguments, once.
ARGUMENTS = ("arrays.pxi", "best_paths.pxi", "bind.pxi", "candidates.pxi", "decodings.pxi", "element_calls.pxi",
             "inputs.pxi", "integers.pxi", "losses.pxi", "prefixes.pxi", "row_calls.pxi", "validation.pxi")  # fmt: skip
DEFINITION = r"(?:cdef|def|static|FL_\w+)\b.*?\b{}\(|#define {}\("
LOOP = re.compile(r"(?:_Pragma\(\S+ \S+\) )?(for|while)\b(?! \(0\))")


def loops_between(source, start, end):
    """The lines of every innermost loop of a function or of a macro, by indentation."""
    heads = [n for n in range(start, end) if source[n][:1].isspace() and LOOP.match(source[n].lstrip())]
    loops, macro = [], source[start].endswith("\\")
    for first in (n for n in heads if source[n].endswith("\\") == macro):
        deeper = r"\s" * (len(source[first]) - len(source[first].lstrip()) + 1)
        last = first
        for n in range(first + 1, end):
            if re.match(deeper, source[n]):
                last = n
            elif not source[n].startswith("#"):  # pragmas stand at the margin
                break
        loops = [loop for loop in loops if first not in loop]  # it has a loop inside
        loops.append(range(first, last + 1))
    return loops


def functions_of(source):
    """(name, first line, line after the last) for every function and every macro with arguments."""
    pattern = re.compile(DEFINITION.format(r"(\w+)", r"(\w+)"))
    starts = [(n, match[1] or match[2]) for n, line in enumerate(source) if (match := pattern.match(line))]
    for start, name in starts:
        ends = r".*[^\\]$" if source[start].endswith("\\") else r"[^\s{}#]"
        yield name, start, next((n for n in range(start + 1, len(source)) if re.match(ends, source[n])), len(source))


def loops_of(name):
    """(file, the numbers of a loop's lines) for every loop that an entry of LOOPS names."""
    function, _, text = name.partition(": ")
    found = []
    for file, source in SOURCES.items():
        for known, start, end in functions_of(source):
            if known != function:
                continue
            if text.startswith("case"):
                found += [(file, range(n, n + 1)) for n in range(start, end) if text in source[n]]
            else:
                loops = [loop for loop in loops_between(source, start, end) if not only_clears(text_of(source, loop))]
                found += [(file, loop) for loop in loops if any(text in source[n] for n in loop)]
    if not found:
        sys.exit(f"error: src has no such loop: {name}: bring LOOPS in {__file__} up to date")
    return found


def text_of(source, loop):
    """A loop's lines as one, without comments."""
    lines = [re.sub(r"  #.*|/\*.*?\*/|\\$", "", source[n]).strip() for n in loop]
    return " ".join(line for line in lines if line and not line.startswith("#"))


def only_clears(text):
    return re.fullmatch(r"for [^:]*: ([\w.]+\[\w+\] = -?\w+ ?)+", text) is not None


def only_moves(text):
    """Whether a loop does nothing but assign numbers, constants or elements of arrays, to elements of arrays."""
    while text != (text := re.sub(r"\[[^][]*\]", "@", text)):
        pass
    body = re.sub(r"^for (\([^;]*;[^;]*;.*?\)|[^:]*:) ", "", text)
    return re.fullmatch(r"([\w.]+@( = (<\w+> )?-?[\w.()]+(@(\.\w+)?)?)+;? ?)+", body) is not None


def unlisted():
    """ "file:line function" of every innermost loop that is in neither list."""
    listed = {(file, n) for name in LOOPS for file, loop in loops_of(name) for n in loop}
    for file, source in SOURCES.items():
        for function, start, end in functions_of(source) if file not in ARGUMENTS else ():
            for loop in loops_between(source, start, end):
                if (file, loop[0]) in listed:
                    continue
                text = text_of(source, loop)
                excused = any(re.search(pattern, f"{function}: {text}") for pattern, _ in OTHERS)
                if not excused and not only_moves(text):
                    yield f"{file}:{loop[0]} {function}"
