package dev.faas.drivers.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.PullResponseItem;
import dev.faas.core.image.ImageStore.ProgressListener;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Follows a pull by the engine and passes on how far it is: the sum over all layers.
final class PullProgress extends ResultCallback.Adapter<PullResponseItem> {

    private static final String DOWNLOADING = "Downloading";

    private final ProgressListener listener;
    private final Map<String, long[]> layers = new ConcurrentHashMap<>();
    private volatile @Nullable String error;

    PullProgress(ProgressListener listener) {
        this.listener = listener;
    }

    @Override
    public void onNext(PullResponseItem item) {
        var failure = item.getErrorDetail();
        if (failure != null) {
            error = EngineText.message(failure.getMessage());
            return;
        }
        var status = item.getStatus() == null ? "" : item.getStatus();
        var detail = item.getProgressDetail();
        var id = item.getId();
        if (status.equals(DOWNLOADING) && id != null && detail != null) {
            var current = detail.getCurrent();
            var total = detail.getTotal();
            if (current != null && total != null) {
                layers.put(id, new long[] {current, total});
            }
        }
        long done = layers.values().stream().mapToLong(layer -> layer[0]).sum();
        long all = layers.values().stream().mapToLong(layer -> layer[1]).sum();
        listener.progress(id == null ? status : id + ": " + status, done, all);
    }

    /// What the engine reported after it had begun to answer; null if the pull succeeded.
    @Nullable
    String error() {
        return error;
    }

    /// Whether the registry says that there is no such image, rather than failing.
    static boolean saysMissing(String error) {
        var text = error.toLowerCase(Locale.ROOT);
        return Stream.of("manifest unknown", "not found", "does not exist", "access denied", "name unknown")
                .anyMatch(text::contains);
    }
}
