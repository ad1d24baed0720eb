"""Names of people and institutions, written as a ward's systems hold them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate

HALF = dict(
    zip(
        "ァアィイゥウェエォオカキクケコサシスセソタチッツテトナニヌネノ"
        "ハヒフヘホマミムメモャヤュユョヨラリルレロワヲンー　",
        "ｧｱｨｲｩｳｪｴｫｵｶｷｸｹｺｻｼｽｾｿﾀﾁｯﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓｬﾔｭﾕｮﾖﾗﾘﾙﾚﾛﾜｦﾝｰ ",
        strict=True,
    )
)
HALF |= {
    voiced: HALF[plain] + "ﾞ"
    for voiced, plain in zip(
        "ガギグゲゴザジズゼゾダヂヅデドバビブベボヴ", "カキクケコサシスセソタチツテトハヒフヘホウ", strict=True
    )
}
HALF |= {voiced: HALF[plain] + "ﾟ" for voiced, plain in zip("パピプペポ", "ハヒフヘホ", strict=True)}

_SURNAMES = """
佐藤 サトウ,鈴木 スズキ,高橋 タカハシ,田中 タナカ,伊藤 イトウ,渡辺 ワタナベ,山本 ヤマモト,中村 ナカムラ,
小林 コバヤシ,加藤 カトウ,吉田 ヨシダ,山田 ヤマダ,佐々木 ササキ,山口 ヤマグチ,松本 マツモト,
井上 イノウエ,木村 キムラ,林 ハヤシ,斎藤 サイトウ,清水 シミズ,山崎 ヤマザキ,森 モリ,池田 イケダ,
橋本 ハシモト,阿部 アベ,石川 イシカワ,前田 マエダ,藤田 フジタ,小川 オガワ,後藤 ゴトウ,岡田 オカダ,
長谷川 ハセガワ,村上 ムラカミ,近藤 コンドウ,石井 イシイ,坂本 サカモト,遠藤 エンドウ,青木 アオキ,
藤井 フジイ,西村 ニシムラ,福田 フクダ,太田 オオタ,三浦 ミウラ,岡本 オカモト,松田 マツダ,中川 ナカガワ,
中野 ナカノ,原田 ハラダ,小野 オノ,田村 タムラ,竹内 タケウチ,金子 カネコ,和田 ワダ,中山 ナカヤマ,
石田 イシダ,上田 ウエダ,森田 モリタ,柴田 シバタ,酒井 サカイ,工藤 クドウ,横山 ヨコヤマ,宮崎 ミヤザキ,
宮本 ミヤモト,内田 ウチダ,高木 タカギ,谷口 タニグチ,安藤 アンドウ,丸山 マルヤマ,今井 イマイ,大野 オオノ,
髙橋 タカハシ,髙田 タカダ,𠮷田 ヨシダ,渡邉 ワタナベ,渡邊 ワタナベ,齋藤 サイトウ,齊藤 サイトウ,
山﨑 ヤマザキ,宮﨑 ミヤザキ,濵田 ハマダ,桒原 クワバラ,栁沢 ヤナギサワ,德永 トクナガ,淸水 シミズ,
黑田 クロダ,增田 マスダ,廣瀬 ヒロセ,國分 コクブン,眞鍋 マナベ,冨田 トミタ,嶋田 シマダ,嶌田 シマダ,
藪内 ヤブウチ,籔内 ヤブウチ,辻 ツジ,葛西 カサイ,槇原 マキハラ,曽根 ソネ,曾根 ソネ,惠良 エラ,
小笠原 オガサワラ,勅使河原 テシガワラ,長宗我部 チョウソカベ,東海林 ショウジ,小鳥遊 タカナシ,九 イチジク,
一 ニノマエ,薬袋 ミナイ,月見里 ヤマナシ,御手洗 ミタライ,安倍 アベ,本間 ホンマ,野口 ノグチ,菊地 キクチ,
菊池 キクチ,千葉 チバ,岩崎 イワサキ,桜井 サクライ,櫻井 サクライ,木下 キノシタ,野村 ノムラ,松尾 マツオ,
佐野 サノ,大塚 オオツカ,杉山 スギヤマ,平野 ヒラノ,新井 アライ,荒井 アライ,河野 コウノ,川野 カワノ,
武田 タケダ,上野 ウエノ,松井 マツイ,小島 コジマ,児島 コジマ,久保 クボ,川口 カワグチ,五十嵐 イガラシ,
比嘉 ヒガ,島袋 シマブクロ,金城 キンジョウ,喜屋武 キャン,具志堅 グシケン,仲宗根 ナカソネ,安里 アサト,
玉城 タマキ,大城 オオシロ,宮城 ミヤギ,我那覇 ガナハ,知念 チネン
"""
_FIRST = """
正 マサ,和 カズ,義 ヨシ,博 ヒロ,健 タケ,信 ノブ,光 ミツ,明 アキ,俊 トシ,文 フミ,孝 タカ,克 カツ,勝 カツ,
邦 クニ,清 キヨ,久 ヒサ,幸 ユキ,敏 トシ,昭 アキ,茂 シゲ,隆 タカ,英 ヒデ,秀 ヒデ,安 ヤス,康 ヤス,良 ヨシ,
美 ミ,恵 ケイ,節 セツ,貞 サダ,富 トミ,春 ハル,夏 ナツ,悦 エツ,静 シズ,千 チ,智 トモ,直 ナオ,麻 マ,由 ユ,
純 ジュン,典 ノリ,憲 ノリ,政 マサ,忠 タダ
"""
_SECOND = """
男 オ,夫 オ,雄 オ,一 カズ,之 ユキ,彦 ヒコ,治 ハル,子 コ,美 ミ,江 エ,枝 エ,代 ヨ,恵 エ,樹 キ,哉 ヤ,人 ト,
介 スケ,太郎 タロウ,次郎 ジロウ,吉 キチ,香 カ,奈 ナ,乃 ノ
"""
_SINGLE = """
茂 シゲル,実 ミノル,進 ススム,清 キヨシ,弘 ヒロシ,浩 ヒロシ,修 オサム,誠 マコト,昇 ノボル,勇 イサム,
さくら サクラ,ハナ ハナ,キヨ キヨ,ツル ツル,ヱイ エイ,ゐと イト,一 ハジメ,〆子 シメコ,凜 リン,蓮 レン
"""
_FOREIGN = (
    (
        "NGUYEN グエン,TRAN チャン,LE レ,PHAM ファム,HOANG ホアン,VU ブ,DANG ダン",
        (
            "VAN ANH バン　アン,THI HOA ティ　ホア,MINH DUC ミン　ドゥック,"
            "QUOC BAO クオック　バオ,THI THU HUONG ティ　トゥ　フオン,DINH KHOI ディン　コイ"
        ),
    ),
    (
        "SMITH スミス,JOHNSON ジョンソン,GARCIA ガルシア,SANTOS サントス,DELA CRUZ デラ　クルス,O'BRIEN オブライエン",
        (
            "JOHN MICHAEL ジョン　マイケル,MARIA LUISA マリア　ルイサ,ANGELICA アンジェリカ,"
            "PETER ピーター,JOSE ANTONIO ホセ　アントニオ"
        ),
    ),
    (
        "金 キム,李 イ,朴 パク,崔 チェ,鄭 チョン,姜 カン,尹 ユン",
        "明哲 ミョンチョル,順子 スンジャ,英姫 ヨンヒ,成浩 ソンホ,貞淑 ジョンスク,敏俊 ミンジュン,ミンジュン ミンジュン",
    ),
    (
        "王 オウ,張 チョウ,劉 リュウ,陳 チン,楊 ヨウ,趙 チョウ,孫 ソン,鄧 トウ,蔡 サイ",
        "小明 ショウメイ,偉 イ,麗華 レイカ,秀英 シュウエイ,建国 ケンコク,雪梅 セツバイ,鵬飛 ホウヒ",
    ),
    (
        (
            "シュレスタ シュレスタ,タマン タマン,グルン グルン,ラマ ラマ,アウン アウン,モハメド モハメド,"
            "フェルナンデス フェルナンデス"
        ),
        (
            "ラム・バハドゥル ラムバハドゥル,スニタ スニタ,"
            "ミン・トゥン ミントゥン,アブドゥル アブドゥル,マルコス マルコス,ビシュヌ・プラサド ビシュヌプラサド"
        ),
    ),
)
BUILDINGS = (
    "コーポ",
    "ハイツ",
    "メゾン",
    "レジデンス",
    "パレス",
    "グリーンハイツ",
    "サンハイツ",
    "ライオンズマンション",
    "メゾン・ド・",
    "シティハイム",
    "ロイヤル",
    "エステート",
    "第一",
    "第2",
    "第三",
    "ＡＢＣ",
    "コーポラス",
    "フラット",
)
BUILDING_ENDS = (
    "新宿",
    "さくら",
    "富士",
    "みどり",
    "山田",
    "若葉",
    "21",
    "Ⅱ",
    "コーポ",
    "荘",
    "ハウス",
    "マンション",
    "ビル",
    "アパート",
    "寮",
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is printed and its reading, family and given name apart."""

    family: str
    given: str
    family_kana: str
    given_kana: str
    blank: str = "　"

    @property
    def printed(self) -> str:
        """The whole name."""
        return f"{self.family}{self.blank}{self.given}"

    @property
    def kana(self) -> str:
        """The whole reading."""
        return f"{self.family_kana}　{self.given_kana}"


def _pairs(text: str) -> list[tuple[str, str]]:
    return [tuple(each.strip().rsplit(" ", 1)) for each in text.replace("\n", "").split(",")]  # type: ignore[misc]


class Names:
    """Names in about the frequencies of a city."""

    def __init__(self) -> None:
        """Put the parts of names together."""
        self.families = _pairs(_SURNAMES)
        self.cumulated = list(accumulate(1 / (place + 8) for place in range(len(self.families))))
        self.givens = [
            (first + second, first_kana + second_kana)
            for first, first_kana in _pairs(_FIRST)
            for second, second_kana in _pairs(_SECOND)
            if first != second
        ] + _pairs(_SINGLE)
        self.foreign = [(_pairs(families), _pairs(givens)) for families, givens in _FOREIGN]

    def native(self, rng: random.Random) -> Name:
        """Return a Japanese name."""
        family, family_kana = rng.choices(self.families, cum_weights=self.cumulated)[0]
        given, given_kana = rng.choice(self.givens)
        return Name(family, given, family_kana, given_kana)

    def other(self, rng: random.Random) -> Name:
        """Return a foreign name, in Latin letters, kanji or katakana."""
        families, givens = rng.choice(self.foreign)
        (family, family_kana), (given, given_kana) = rng.choice(families), rng.choice(givens)
        latin = family.isascii()
        blank = " " if latin else "・" if "・" in given else "　"
        middle = rng.choice(("", "", rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + ".")) if latin else ""
        return Name(family, f"{given} {middle}".strip(), family_kana, given_kana, blank)


def half_width(kana: str) -> str:
    """Return a reading as older systems hold it."""
    return "".join(HALF.get(letter, letter) for letter in kana)


def building(rng: random.Random) -> str:
    """Return the name of a block of flats."""
    return f"{rng.choice(BUILDINGS)}{rng.choice(BUILDING_ENDS)}"
