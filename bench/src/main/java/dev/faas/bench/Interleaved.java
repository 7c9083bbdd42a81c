package dev.faas.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Runs contenders in turn (A B C A B C …), so that whatever else the machine does hits all of them alike.
final class Interleaved {

    /// A contender that fails this often in a row is given up: its row says so.
    private static final int MAX_FAILURES = 3;

    private final List<Contender> contenders;
    private final Consumer<String> progress;

    Interleaved(List<Contender> contenders, Consumer<String> progress) {
        this.contenders = List.copyOf(contenders);
        this.progress = progress;
    }

    /// @param rounds     how often the whole list is run through; the first tenth only warms up
    /// @param perRound   how many runs each contender has in a round; dear ones can have fewer through `weight`
    /// @return samples by contender name, in the order given
    Map<String, Samples> run(int rounds, int perRound, Map<String, Integer> weight)
            throws IOException, InterruptedException {
        var samples = new LinkedHashMap<String, Samples>();
        var failures = new LinkedHashMap<String, Integer>();
        contenders.forEach(contender -> samples.put(contender.name(), new Samples()));
        int warmUp = Math.max(1, rounds / 10);
        for (int round = 0; round < rounds + warmUp; round++) {
            for (var contender : new ArrayList<>(contenders)) {
                int runs = Math.min(perRound, weight.getOrDefault(contender.name(), perRound));
                runSome(contender, runs, round >= warmUp, samples.get(contender.name()), failures);
            }
            progress.accept("round " + (round + 1) + " of " + (rounds + warmUp));
        }
        return samples;
    }

    private static void runSome(
            Contender contender, int runs, boolean keep, Samples samples, Map<String, Integer> failures)
            throws IOException, InterruptedException {
        for (int i = 0; i < runs && failures.getOrDefault(contender.name(), 0) < MAX_FAILURES; i++) {
            try {
                long nanos = contender.action().run();
                failures.remove(contender.name());
                if (keep) {
                    samples.add(nanos);
                }
            } catch (IOException e) {
                failures.merge(contender.name(), 1, Integer::sum);
                samples.fail(String.valueOf(e.getMessage()));
            }
        }
    }
}
