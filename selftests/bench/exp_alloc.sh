# How well the allocator packs, from the simulator: alloc.sh, whose traces come from fixed seeds.
# shellcheck shell=bash

alloc_tell() {
	cat <<-'EOT'
		{"figure": "alloc", "title": "FEs in use, 1,000 FEs", "x": "load: power asked for / power of the node",
		 "y": "FEs in use / volume lower bound", "better": "lower", "paper": "has no such figure",
		 "systems": {"best_uniform": "best fit, uniform", "first_uniform": "first fit, uniform", "worst_uniform": "worst fit, uniform",
		  "best_pareto": "best fit, heavy-tailed", "first_pareto": "first fit, heavy-tailed", "worst_pareto": "worst fit, heavy-tailed"}}
	EOT
}

alloc_prepare() {
	"$BENCH_DIR/alloc.sh" "$WORK/alloc" >/dev/null
}

# One repeat: the same traces give the same answers.
alloc_run() {
	local demand policy load fragmentation _
	while IFS=, read -r demand policy load _ _ _ _ _ fragmentation; do
		record alloc "${policy%-fit}_$demand" "$load" "$(jq -n "1 / (1 - $fragmentation)")"
	done < <(tail -n +2 "$WORK/alloc/compare.csv")
}
