"""datatrove's line over the web archives of a folder, in a process of its own, for seeds.py.

    python benchmarks/_seeds_peer.py ARCHIVES OUTPUT [FOLDER_WITH_DATATROVE ...]

WARC, trafilatura, Gopher's repetition and quality filters, MinHash in its four stages, one task each; prints the
addresses of the pages that came to the deduplication, and of those that stayed, as one JSON object.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path


def main(archives: str, output: Path) -> None:
    """Runs the five pipelines one after the other."""
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.base import PipelineStep
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.readers import JsonlReader, WarcReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.hashing import HashConfig

    # Its default hash needs a version of xxhash that is not told.
    config = MinhashConfig(hash_config=HashConfig(hash_fc="sha1", precision=64))
    at = {name: str(output / name) for name in ("texts", "signed", "buckets", "gone", "kept")}

    def run(*steps: PipelineStep) -> None:
        LocalPipelineExecutor(pipeline=[*steps], tasks=1, workers=1, skip_completed=False).run()

    run(
        WarcReader(archives, glob_pattern="*.warc.gz"),
        Trafilatura(favour_precision=False, timeout=60, deduplicate=False),
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        JsonlWriter(at["texts"]),
    )
    run(JsonlReader(at["texts"]), MinhashDedupSignature(at["signed"], config))
    for bucket in range(config.num_buckets):
        LocalPipelineExecutor(
            pipeline=[MinhashDedupBuckets(at["signed"], at["buckets"], config=config)],
            tasks=config.num_buckets,
            local_tasks=1,
            local_rank_offset=bucket,
            skip_completed=False,
        ).run()
    run(MinhashDedupCluster(at["buckets"], at["gone"], config=config))
    run(JsonlReader(at["texts"]), MinhashDedupFilter(at["gone"]), JsonlWriter(at["kept"]))
    print(json.dumps({"came": addresses(at["texts"]), "stayed": addresses(at["kept"])}))


def addresses(folder: str) -> list[str]:
    """The addresses of the pages in some files of JSON lines."""
    lines = [
        line for path in Path(folder).glob("*.gz") for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    return [json.loads(line)["metadata"]["url"] for line in lines]


if __name__ == "__main__":
    sys.path.extend(sys.argv[3:])
    main(sys.argv[1], Path(sys.argv[2]))
