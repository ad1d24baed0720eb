"""### 実行の見回り（15分ごと）

止まったまま誰も気付かない、ということがないように、次を見てメールで知らせます。

| 見るもの | いつ知らせるか（`include/watch.yaml`） |
|---|---|
| 動いている工程 | 目安の時間を過ぎた（通知書作成・全頁照合・封緘は120分、ほかは30分） |
| 始まるのを待つ工程、実行 | 15分を過ぎた |
| 動いている実行 | 15分、何も動かず、誰にも尋ねていない |
| DAG | 予定か実行のあるDAGが、一時停止されている |
| Airflowの部品、作業者（worker） | 合図がない、答える数が足りない |
| 空き容量 | `MAILROUND_FREE_GIB` より少ない |

人が回答する工程と、日を待つ工程は、いつまで続いても知らせません（期限と催促が別にあります）。

同じことは、**始まったときに一度、続く間は一日に一度、解消したときに一度**だけ知らせます。メールサーバーが止まっていて
送れなかった失敗のお知らせも、ここで送ります。

**赤くなったら**：メールを送れないか、APIサーバーが答えていません。記録（Logs）を確かめてください。お知らせは残っていて、
直れば次の見回りが送ります。

**この見回りは、Airflowが止まっていることを知らせられません**。外の監視から `mailround alive` を実行してください。
"""

from datetime import datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.trigger import CronTriggerTimetable

from mailround import notices, tasks
from mailround.settings import TOKYO


@dag(
    dag_id="round_watch",
    dag_display_name="実行の見回り",
    description="止まった実行と工程、作業者、送れなかったメール、空き容量を15分ごとに見る",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/15 * * * *", timezone="Asia/Tokyo"),
    start_date=datetime(2026, 1, 1, tzinfo=TOKYO),
    catchup=False,
    max_active_runs=1,
    tags=["一斉送付", "見回り"],
    default_args={**notices.EVERY_TASK, "retry_delay": timedelta(minutes=1), "queue": notices.HOUSE_QUEUE},
)
def round_watch() -> None:
    tasks.watch_rounds()


round_watch()
