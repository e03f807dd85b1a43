"""The decoders that ffmpeg may run on an uploaded file.

Every other decoder would be attack surface that no supported format needs.
"""

VIDEO_DECODERS = (
    # Phones, browsers and the formats of the last twenty years.
    "h264,hevc,vvc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg1video,mpeg2video,"
    "mpegvideo,mpeg4,h261,h263,h263i,h263p,msmpeg4v1,msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,wmv3image,"
    "vc1,vc1image,mss1,mss2,mts2,flv,flashsv,flashsv2,vp3,vp4,vp5,vp6,vp6a,vp6f,vp7,theora,dirac,"
    "rv10,rv20,rv30,rv40,"
    # Cameras and editors.
    "mjpeg,mjpegb,jpeg2000,dvvideo,prores,prores_raw,dnxhd,cfhd,aic,apv,hap,pixlet,notchlc,"
    "speedhq,hq_hqa,hqx,png,tiff,jpegls,rawvideo,v210,v210x,v308,v408,v410,yuv4,y41p,r10k,r210,"
    "avrp,avui,ffv1,ffvhuff,huffyuv,hymt,utvideo,lagarith,magicyuv,sheervideo,"
    # Screen recorders, and AVI and QuickTime files of the nineties.
    "camstudio,tscc,tscc2,zmbv,fraps,dxtory,dxv,fic,bmp,gif,cinepak,indeo2,indeo3,indeo4,indeo5,"
    "msrle,msvideo1,qtrle,rpza,smc,svq1,svq3,8bps,aasc,asv1,asv2,cljr,cyuv,loco,mszh,targa,dpx,"
    "zlib,mvc1,mvc2,qdraw,qpeg,snow,truemotion1,truemotion2,truemotion2rt,ultimotion,vble,vcr1,"
    "vixl,xl,wnv1,ylc,zerocodec"
)

VIDEO_CODECS = {*VIDEO_DECODERS.split(","), "flv1", "msmpeg4v3", "cscd", "ulti"}
"""The codecs of pictures that Clipo supports: most decoders have the name of their codec."""

SOUND_DECODERS = (
    "aac,aac_fixed,aac_latm,ac3,ac3_fixed,eac3,alac,als,amrnb,amrwb,ape,atrac3,atrac3plus,cook,"
    "dca,dvaudio,evrc,flac,g722,g723_1,g726,g729,gsm,gsm_ms,iac,ilbc,imc,libopus,libvorbis,mace3,"
    "mace6,metasound,mlp,mp1,mp1float,mp2,mp2float,mp3,mp3float,mp3on4,mp3on4float,nellymoser,"
    "on2avc,opus,qcelp,qdm2,qdmc,real_144,real_288,s302m,sipr,sonic,speex,truehd,truespeech,tta,"
    "vorbis,wavpack,wmalossless,wmapro,wmav1,wmav2,wmavoice,dolby_e,siren,adpcm_adx,"
    "adpcm_ima_amv,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_swf,adpcm_yamaha,adpcm_g722,"
    "adpcm_g726,adpcm_g726le,g726le,pcm_alaw,pcm_bluray,pcm_dvd,pcm_f16le,pcm_f24le,pcm_f32be,"
    "pcm_f32le,pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16be_planar,pcm_s16le,"
    "pcm_s16le_planar,pcm_s24be,pcm_s24le,pcm_s24le_planar,pcm_s32be,pcm_s32le,pcm_s32le_planar,"
    "pcm_s64be,pcm_s64le,pcm_s8,pcm_s8_planar,pcm_u16be,pcm_u16le,pcm_u24be,pcm_u24le,pcm_u32be,"
    "pcm_u32le,pcm_u8"
)

SUBTITLE_DECODERS = "ass,ssa,cc_dec,dvbsub,dvdsub,mov_text,pgssub,srt,stl,subrip,text,webvtt,xsub"
